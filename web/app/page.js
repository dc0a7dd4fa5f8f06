/** The standalone page: the panel alone, as wide as the window. */
import { mount } from "./main.js";

document.body.append(await mount().catch((error) => error.message));
