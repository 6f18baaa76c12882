/** Mistakes: a box over the cards when there is none to draw, a list below the controls otherwise. */

import { h } from "../dom";
import type { Problem } from "./desk";

/** Where a problem is, as an editor takes it. */
function place(problem: Problem): string {
  const at = problem.line === null ? "" : `:${problem.line}:${problem.column}`;
  return `${problem.file}${at}`;
}

function shown(problem: Problem): HTMLElement {
  return h(
    "li",
    { class: `problem ${problem.level}` },
    h("p", { class: "problem-message" }, h("b", {}, problem.message), problem.hint !== null && h("span", { class: "problem-hint" }, ` – ${problem.hint}`)),
    h("p", { class: "problem-place" }, h("code", {}, place(problem)), problem.pointer !== null && problem.pointer !== "" && h("code", {}, problem.pointer), typeof problem.rule === "string" && h("code", { class: "problem-rule" }, problem.rule)),
    problem.source !== null && h("pre", { class: "problem-source" }, problem.source),
  );
}

/** The box over the cards: why there is none. */
export function overlay(problems: readonly Problem[], isOld: boolean): HTMLElement {
  return h(
    "section",
    { class: "overlay", role: "alert" },
    h("h2", {}, "This template cannot be used"),
    h("p", { class: "overlay-note" }, isOld ? "Below is the last card that could be drawn. In a running bot, the last good version stays in use." : "In a running bot, the last good version stays in use."),
    h("ul", { class: "problems" }, ...problems.filter((it) => it.level === "error").map(shown)),
  );
}

/** The list of what is odd about a card that was drawn. */
export function warnings(problems: readonly Problem[]): HTMLElement {
  const errors = problems.filter((it) => it.level === "error").length;
  const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? "" : "s"}`;
  const parts = [errors > 0 && counted(errors, "mistake"), problems.length > errors && counted(problems.length - errors, "remark")];
  return h(
    "details",
    { class: errors > 0 ? "warnings refused" : "warnings", hidden: problems.length === 0, open: errors > 0 },
    h("summary", {}, parts.filter((part) => part !== false).join(", "), h("span", { class: "warnings-first" }, problems[0] === undefined ? "" : `${place(problems[0])}  ${problems[0].message}`)),
    errors > 0 && h("p", { class: "overlay-note" }, "A running bot does not take this template; the last good version stays in use."),
    h("ul", { class: "problems" }, ...problems.map(shown)),
  );
}
