/** A box in place of an element that Teams draws and the official renderer does not. */

import { CardElement, GlobalRegistry, Versions, type SerializationContext } from "adaptivecards";
import { h } from "../dom";

class Placeholder extends CardElement {
  private kind = "";
  private known = false;
  private words = "";

  getJsonTypeName(): string {
    return "Argus.Placeholder";
  }

  protected override internalParse(source: Record<string, unknown>, context: SerializationContext): void {
    super.internalParse(source, context);
    this.kind = String(source["kind"] ?? "");
    this.known = source["known"] === true;
    this.words = String(source["words"] ?? "");
  }

  protected internalRender(): HTMLElement {
    const why = this.known ? "Teams draws this; the preview cannot" : "not an element of Teams";
    return h(
      "div",
      { class: this.known ? "placeholder" : "placeholder unknown", role: "img", "aria-label": `${this.kind}: ${why}` },
      h("code", {}, this.kind),
      h("span", { class: "placeholder-words" }, this.words),
      h("span", { class: "placeholder-why" }, why),
    );
  }
}

/** Makes the renderer draw placeholders. */
export function registerPlaceholder(): void {
  GlobalRegistry.elements.register("Argus.Placeholder", Placeholder, Versions.v1_0);
}
