/** Pictures without their pixels: what is left carries the workflow, and is small enough to be sent. */

/** RIFF chunks that hold what is seen. */
const SEEN = new Set(["VP8 ", "VP8L", "ANMF", "ALPH", "ICCP"]);
const START_OF_PIXELS = 0xda;

/** @param {Uint8Array} bytes @param {number} start @param {number} end */
const ascii = (bytes, start, end) => String.fromCharCode(...bytes.subarray(start, end));

/** What kind of picture begins with these bytes, or null. @param {Uint8Array} bytes */
export function pictureKind(bytes) {
  if (ascii(bytes, 1, 4) === "PNG" && bytes[0] === 0x89) return "png";
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return "jpeg";
  return ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 12) === "WEBP" ? "webp" : null;
}

/** The same picture without its pixels; what is broken is left as it is from there on. @param {Uint8Array} bytes @returns {Uint8Array[]} */
export function withoutPixels(bytes) {
  const kind = pictureKind(bytes);
  if (kind === "png") return png(bytes);
  return kind === "webp" ? webp(bytes) : jpeg(bytes);
}

/** @param {Uint8Array} bytes */
function png(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept = [bytes.subarray(0, 8)];
  for (let place = 8; place + 12 <= bytes.length; ) {
    const end = place + 12 + view.getUint32(place);
    const kind = ascii(bytes, place + 4, place + 8);
    if (kind !== "IDAT" && kind !== "fdAT") kept.push(bytes.subarray(place, end));
    place = end;
  }
  return kept;
}

/** @param {Uint8Array} bytes */
function webp(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept = [bytes.subarray(0, 12)];
  for (let place = 12; place + 8 <= bytes.length; ) {
    const length = view.getUint32(place + 4, true);
    const end = place + 8 + length + (length % 2);
    if (!SEEN.has(ascii(bytes, place, place + 4))) kept.push(bytes.subarray(place, end));
    place = end;
  }
  return kept;
}

/** All that stands before the pixels. @param {Uint8Array} bytes */
function jpeg(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let place = 2;
  while (place + 4 <= bytes.length && bytes[place] === 0xff && bytes[place + 1] !== START_OF_PIXELS) {
    const filling = bytes[place + 1] === 0xff;
    place += filling ? 1 : 2 + Math.max(2, view.getUint16(place + 2));
  }
  return [bytes.subarray(0, Math.min(bytes.length, place + 2))];
}
