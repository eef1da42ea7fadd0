import fc from 'fast-check';

/**
 * Any Unicode character, with ASCII a third of the time, for the `unit` of a string. fast-check's own `binary` takes
 * more than a second to build, in every test file anew, and comes to ASCII once in nine thousand.
 */
export const character = fc
  .oneof(
    fc.integer({ min: 0, max: 0x7f }),
    fc.integer({ min: 0x80, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0x10ffff }),
  )
  .map((code) => String.fromCodePoint(code));
