import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { explainRefusal } from '../../../../steps/lib/hub/refusal.ts';

const codes = [
  'GatedRepo',
  'RepoNotFound',
  'RevisionNotFound',
  'EntryNotFound',
  'DisabledRepo',
  'Other',
  'constructor',
  'toString',
  '__proto__',
];
const asked = {
  endpoint: new URL('https://huggingface.co/'),
  model: 'openai/gpt-oss-20b',
  revision: 'main',
  path: 'config.json',
  withToken: false,
};
const refused = (status: number, headers: Record<string, string>, url = 'https://huggingface.co/api/x') => ({
  status,
  headers: new Headers(headers),
  url: new URL(url),
  now: 0,
});

describe('an answer that is no success', () => {
  test('any status with any code has a failure, a headline, evidence and something to try', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 599 }),
        fc.option(fc.constantFrom(...codes)),
        fc.string({ unit: fc.constantFrom('a', 'b', ':', ' ', '{', '}') }),
        fc.boolean(),
        (status, code, message, withToken) => {
          const headers = { ...(code === null ? {} : { 'x-error-code': code }), 'x-error-message': message };
          const { final, verdict } = explainRefusal({ ...asked, withToken }, refused(status, headers));
          expect(['refused', 'unavailable', 'check']).toContain(final.failure);
          expect(final.evidence[0]).toMatch(/^\d{3}.*\(huggingface\.co, GET \/api\/x\)$/s);
          expect(final.hint.length).toBeGreaterThan(10);
          expect(verdict !== false).toBe(final.failure === 'unavailable');
        },
      ),
    );
  });

  test('of a signed address only the host is told', () => {
    const url = 'https://cas-bridge.xethub.hf.co/xet/abc?X-Amz-Signature=deadbeef&X-Amz-Credential=AKIA';
    const { final } = explainRefusal(asked, refused(500, {}, url));
    expect(final.evidence).toEqual(['500 (cas-bridge.xethub.hf.co, GET config.json)']);
    expect(final.message).toBe('cas-bridge.xethub.hf.co answers 500');
  });

  test.each([
    [500, true],
    [501, false],
    [502, true],
    [503, true],
    [504, true],
    [408, true],
    [400, false],
    [416, false],
    [451, false],
  ])('%i: worth another try: %s', (status, again) => {
    expect(explainRefusal(asked, refused(status, {})).verdict).toBe(again);
  });
});
