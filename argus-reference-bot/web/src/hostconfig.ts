/** How cards look in our channel: sizes as in Teams, colours of our own that pass WCAG AA. */

export type Theme = "light" | "dark" | "contrast";

/** The colours that a card may ask for by name. */
export const COLOURS = ["default", "accent", "good", "warning", "attention", "light", "dark"] as const;
/** The container styles that a card may ask for by name. */
export const STYLES = ["default", "emphasis", "accent", "good", "warning", "attention"] as const;

type Colour = (typeof COLOURS)[number];
type Style = (typeof STYLES)[number];

interface Palette {
  /** Text and subtle text; both must reach 4.5:1 on every one of `surfaces`. */
  text: Record<Colour, [normal: string, subtle: string]>;
  surfaces: Record<Style, [background: string, border: string]>;
  line: string;
}

// `light` and `dark` are relative to the theme in name only: a card asks for `light` to write on
// a dark picture. Without a picture the text must still be legible, so neither is an extreme.
const PALETTES: Record<Theme, Palette> = {
  light: {
    text: {
      default: ["#242424", "#585858"],
      accent: ["#4448a8", "#4d52b0"],
      good: ["#17663a", "#206b42"],
      warning: ["#7d4700", "#824d0c"],
      attention: ["#a3211b", "#a82c26"],
      light: ["#5c5c5c", "#5f5f5f"],
      dark: ["#1a1a1a", "#333333"],
    },
    surfaces: {
      default: ["#ffffff", "#d6d6d6"],
      emphasis: ["#f5f5f7", "#dcdce0"],
      accent: ["#edeefb", "#b9bcec"],
      good: ["#e9f6ee", "#a9d8bb"],
      warning: ["#fff4dd", "#ecc983"],
      attention: ["#fdeeec", "#efb4af"],
    },
    line: "#e2e2e5",
  },
  dark: {
    text: {
      default: ["#f5f5f5", "#c2c2c2"],
      accent: ["#b6b9f7", "#a9acf0"],
      good: ["#86d7a2", "#86cf9f"],
      warning: ["#f4c769", "#e6be6a"],
      attention: ["#ffa39c", "#f59c95"],
      light: ["#ffffff", "#dedede"],
      dark: ["#c8c8c8", "#bdbdbd"],
    },
    surfaces: {
      default: ["#292929", "#454545"],
      emphasis: ["#333336", "#4a4a4e"],
      accent: ["#2c2e4a", "#4f5394"],
      good: ["#1c3526", "#316345"],
      warning: ["#3b2f15", "#6e5722"],
      attention: ["#432423", "#80423e"],
    },
    line: "#454548",
  },
  // As a system's high contrast: black, white, and a few colours that shout.
  contrast: {
    text: {
      default: ["#ffffff", "#ffffff"],
      accent: ["#1aebff", "#1aebff"],
      good: ["#3ff23f", "#3ff23f"],
      warning: ["#ffff01", "#ffff01"],
      attention: ["#ffa0a0", "#ffa0a0"],
      light: ["#ffffff", "#ffffff"],
      dark: ["#ffffff", "#ffffff"],
    },
    surfaces: {
      default: ["#000000", "#ffffff"],
      emphasis: ["#000000", "#ffffff"],
      accent: ["#000000", "#1aebff"],
      good: ["#000000", "#3ff23f"],
      warning: ["#000000", "#ffff01"],
      attention: ["#000000", "#ffa0a0"],
    },
    line: "#ffffff",
  },
};

const SIZES = { small: 12, default: 14, medium: 16, large: 18, extraLarge: 24 };
const WEIGHTS = { lighter: 300, default: 400, bolder: 600 };

/** The renderer's host config for a theme. */
export function hostConfig(theme: Theme) {
  const palette = PALETTES[theme];
  return {
    hostCapabilities: {},
    choiceSetInputValueSeparator: ",",
    supportsInteractivity: true,
    spacing: { small: 8, default: 12, medium: 16, large: 20, extraLarge: 24, padding: 16 },
    separator: { lineThickness: 1, lineColor: palette.line },
    fontTypes: {
      default: {
        fontFamily: "'Segoe UI', 'Liberation Sans', Roboto, system-ui, Arial, sans-serif",
        fontSizes: SIZES,
        fontWeights: WEIGHTS,
      },
      monospace: {
        fontFamily: "ui-monospace, 'Cascadia Mono', 'Liberation Mono', Menlo, monospace",
        fontSizes: { ...SIZES, default: 13 },
        fontWeights: WEIGHTS,
      },
    },
    textStyles: {
      heading: { fontType: "Default", size: "Large", weight: "Bolder", color: "Default", isSubtle: false },
      columnHeader: { fontType: "Default", size: "Default", weight: "Bolder", color: "Default", isSubtle: false },
    },
    textBlock: { headingLevel: 3 },
    imageSizes: { small: 32, medium: 52, large: 100 },
    containerStyles: Object.fromEntries(STYLES.map((style) => [style, containerStyle(palette, style)])),
    actions: {
      // Teams draws six and puts the rest behind "…".
      maxActions: 6,
      spacing: "Medium",
      buttonSpacing: 8,
      showCard: { actionMode: "Inline", inlineTopMargin: 12, style: "emphasis" },
      preExpandSingleShowCardAction: false,
      actionsOrientation: "Horizontal",
      actionAlignment: "Left",
    },
    adaptiveCard: { allowCustomStyle: false },
    imageSet: { imageSize: "Medium", maxImageHeight: 100 },
    factSet: {
      title: { size: "Default", color: "Default", isSubtle: true, weight: "Default", wrap: true, maxWidth: 160 },
      value: { size: "Default", color: "Default", isSubtle: false, weight: "Default", wrap: true },
      spacing: 16,
    },
    table: { cellSpacing: 8 },
    inputs: {
      label: {
        inputSpacing: "Small",
        requiredInputs: { weight: "Bolder", color: "Default", isSubtle: false, suffix: " *", suffixColor: "Attention" },
        optionalInputs: { weight: "Bolder", color: "Default", isSubtle: false },
      },
      errorMessage: { color: "Attention", weight: "Default", size: "Small", spacing: "Small" },
    },
  };
}

function containerStyle(palette: Palette, style: Style) {
  const [backgroundColor, borderColor] = palette.surfaces[style];
  const foregroundColors = Object.fromEntries(
    COLOURS.map((colour) => {
      const [normal, subtle] = palette.text[colour];
      return [colour, { default: normal, subtle }];
    }),
  );
  return { backgroundColor, borderColor, foregroundColors };
}
