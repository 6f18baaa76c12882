/** What single viewers see instead of, or below, the card that everybody sees. */

import type { CardJson } from "./api";
import type { Notice, Outcome } from "./reply";

interface View {
  card?: CardJson;
  /** The revision of the activity that `card` stands in for. */
  revision: number;
  notice?: Notice;
}

/** Personal cards and notices, by viewer and activity. */
export class Views {
  readonly #views = new Map<string, View>();

  /**
   * Keeps the answer to a click that was made at revision `clicked` and answered at `revision`.
   *
   * A later revision outdates the card in it. So do two revisions on the way: one may be what the
   * click itself caused, but after a second the world has gone on and the shared card knows more.
   */
  put(viewer: string, activity: string, outcome: Outcome, revision: number, clicked = revision): void {
    const before = this.#views.get(key(viewer, activity));
    const answered = revision - clicked < 2 ? outcome.card : undefined;
    const card = answered ?? (before?.revision === revision ? before.card : undefined);
    this.#views.set(key(viewer, activity), {
      revision,
      ...(card && { card }),
      ...(outcome.notice && { notice: outcome.notice }),
    });
  }

  /** The viewer's own card, unless the activity changed for everybody since. */
  card(viewer: string, activity: string, revision: number): CardJson | undefined {
    const view = this.#views.get(key(viewer, activity));
    return view?.revision === revision ? view.card : undefined;
  }

  /** Goes back to the card that everybody sees. */
  share(viewer: string, activity: string): void {
    this.#views.delete(key(viewer, activity));
  }

  notice(viewer: string, activity: string): Notice | undefined {
    return this.#views.get(key(viewer, activity))?.notice;
  }

  /** Takes the notice away because its reader has read it. */
  dismiss(viewer: string, activity: string): void {
    const view = this.#views.get(key(viewer, activity));
    if (view) delete view.notice;
  }
}

const key = (viewer: string, activity: string): string => `${viewer}\n${activity}`;
