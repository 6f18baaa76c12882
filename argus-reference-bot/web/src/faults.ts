/** The faults that the page offers, in the words of the demo's fault script. */

import type { FaultOrder } from "./api";

export interface FaultOffer {
  title: string;
  about: string;
  /** What the viewer reads when the order is accepted. */
  armed: string;
  order: FaultOrder;
}

export const FAULTS: readonly FaultOffer[] = [
  {
    title: "Lose Defender’s next answer",
    about: "The host is isolated, but the answer never arrives.",
    armed: "Defender’s next answer will be lost.",
    order: { system: "defender", operation: "isolate", fault: "lose_response" },
  },
  {
    title: "Defender says 429",
    about: "The next request is over the limit: wait 5 seconds.",
    armed: "Defender will refuse the next request for 5 seconds.",
    order: { system: "defender", operation: "isolate", fault: { status: { code: 429, retry_after: 5 } } },
  },
  {
    title: "Teams is down for 10 seconds",
    about: "Every message and update is answered 503.",
    armed: "Teams is down for 10 seconds.",
    order: { system: "teams", operation: "*", fault: { fail_before: 503 }, for_ms: 10_000 },
  },
];
