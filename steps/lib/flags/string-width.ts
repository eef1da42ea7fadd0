/** In the place of the package string-width, in the bundles: the columns of a text that, as our help, is ASCII. */
export default function stringWidth(text: string): number {
  return text.length;
}
