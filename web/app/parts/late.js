/** What comes when it is first wanted: a page that opens with less is there sooner. */
import { messages } from "../messages.js";
import { t } from "../strings.js";

/** Whether a part of the page has come; why it hasn't is said. @param {Promise<unknown>} loading */
export async function late(loading) {
  try {
    await loading;
    return true;
  } catch (error) {
    messages.error(new Error(t("error.offline"), { cause: error }));
    return false;
  }
}
