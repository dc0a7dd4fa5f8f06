/** The standalone page: the panel alone, as wide as the window. */
import { listenByOurselves } from "./events.js";
import { mount } from "./main.js";

const [panel] = await Promise.all([mount().catch((error) => error.message), listenByOurselves()]);
document.body.append(panel);
