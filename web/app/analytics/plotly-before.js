/** What the page had of Plotly's names before ours is evaluated, which the import after this one does: see plotly.js. */

/** What Plotly calls itself: by its own hand, and by that of its packer. */
const NAMES = ["Plotly", "moduleName"];

/** What Plotly calls the element with its rules. */
export const STYLE = "plotly.js-style-global";

export const names = NAMES.map((name) => ({ name, before: Object.getOwnPropertyDescriptor(window, name) }));

/** The rules of another Plotly, which lose their name for as long, or ours would be put among them. */
export const theirs = document.getElementById(STYLE);
theirs?.removeAttribute("id");
