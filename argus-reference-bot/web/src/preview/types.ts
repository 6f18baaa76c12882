/** Names of the card language: what the official renderer draws, and what Teams draws besides. */

/** Elements that the renderer draws, and parts of them. */
export const DRAWN: ReadonlySet<string> = new Set([
  "AdaptiveCard", "ActionSet", "Carousel", "CarouselPage", "Column", "ColumnSet", "Container", "FactSet",
  "Image", "ImageSet", "Input.ChoiceSet", "Input.Date", "Input.Number", "Input.Text", "Input.Time",
  "Input.Toggle", "Media", "RichTextBlock", "Table", "TableCell", "TableRow", "TextBlock",
]);

/** Actions that the renderer draws. */
export const ACTIONS: ReadonlySet<string> = new Set([
  "Action.Execute", "Action.OpenUrl", "Action.ShowCard", "Action.Submit", "Action.ToggleVisibility",
]);

/** Elements that Teams draws and the renderer does not. */
export const TEAMS: ReadonlySet<string> = new Set([
  "Badge", "Chart.Donut", "Chart.Gauge", "Chart.HorizontalBar", "Chart.HorizontalBar.Stacked", "Chart.Line",
  "Chart.Pie", "Chart.VerticalBar", "Chart.VerticalBar.Grouped", "CodeBlock", "Component", "CompoundButton",
  "Icon", "Input.Rating", "ProgressBar", "ProgressRing", "Rating",
]);
