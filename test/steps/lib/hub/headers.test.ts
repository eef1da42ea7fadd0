import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readHeaders } from '../../../../steps/lib/hub/headers.ts';

test('answers as the Headers of Fetch do, whatever the case and however often a name comes', () => {
  const name = fc.constantFrom('ETag', 'etag', 'Link', 'X-Repo-Commit', 'constructor', '__proto__');
  const value = fc.stringMatching(/^[!-~]([ -~]{0,6}[!-~])?$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), name, (pairs, asked) => {
      const whole = new Headers();
      for (const [name, value] of pairs) whole.append(name, value);
      const ours = readHeaders(pairs.flat());
      expect([ours.get(asked), ours.has(asked)]).toEqual([whole.get(asked), whole.has(asked)]);
    }),
  );
});
