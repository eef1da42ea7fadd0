import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRedactor } from '../../../steps/lib/redact.ts';
import { character } from './characters.ts';

describe('createRedactor', () => {
  const token = 's3cr3t/pass+word=%"x';

  test.each([
    ['raw', token],
    ['in a URL', encodeURIComponent(token)],
    ['in JSON', JSON.stringify({ password: token })],
    ['in base64', Buffer.from(token).toString('base64')],
    ['in base64url', Buffer.from(token).toString('base64url')],
    ['in hex', Buffer.from(token).toString('hex')],
    ['as a password of basic authentication', Buffer.from(`user:${token}`).toString('base64')],
    ['after one byte, in base64', Buffer.from(`u${token}tail`).toString('base64')],
    ['cut in half', token.slice(0, 12)],
    ['twice', `${token}${token}`],
  ])('masks a secret %s', (_, form) => {
    const { add, redact } = createRedactor();
    add(token);
    const clean = redact(`before ${form} after`);
    expect(clean).toMatch(/^before .* after$/);
    expect(clean).toContain('***');
    for (let at = 0; at + 9 <= token.length; at += 1) expect(clean).not.toContain(token.slice(at, at + 9));
  });

  test.each([
    ['hf_abcdefgh12345678', '***'],
    ['Authorization: Bearer abc.def', 'Authorization: Bearer ***'],
    ['eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln', '***'],
    ['https://x/y?X-Amz-Signature=abc123&z=1', 'https://x/y?X-Amz-Signature=***&z=1'],
    [
      'https://cdn/f?Policy=e30_&Signature=aa~b&Key-Pair-Id=K1',
      'https://cdn/f?Policy=***&Signature=***&Key-Pair-Id=***',
    ],
  ])('masks what looks like a credential though nobody registered it: %s', (text, clean) => {
    expect(createRedactor().redact(text)).toBe(clean);
  });

  test('leaves texts alone that share only short pieces with a secret', () => {
    const { add, redact } = createRedactor();
    add('models-and-more');
    expect(redact('put models/openai/gpt-oss-20b')).toBe('put models/openai/gpt-oss-20b');
  });

  test('does not mask common text because of a short secret in base64 with a shift', () => {
    const { add, redact } = createRedactor();
    add('abcdef');
    // Inside `?abcdef?` base64 would show only `FiY2`, `JjZG` and the like: four characters, found by chance in any text.
    const shifted = Buffer.concat([Buffer.alloc(1), Buffer.from('abcdef')])
      .toString('base64')
      .slice(4, 8);
    expect(redact(`file-${shifted}.json`)).toBe(`file-${shifted}.json`);
  });

  test('refuses to mask what is too short to be a secret', () => {
    const { add, redact } = createRedactor();
    add('true');
    expect(redact('strict=true')).toBe('strict=true');
  });

  test('knows whose value a text holds a piece of, and what only looks like a credential', () => {
    const { add, addWord, find } = createRedactor();
    add('openai/gpt-oss-password', 'the value of KEY in s3-secret');
    add('qwerty7', 'a password of the proxy');
    addWord('models');
    expect(find('models/openai/gpt-oss-20b/')).toBe('the value of KEY in s3-secret');
    expect(find('models/qwerty7/')).toBe('a password of the proxy');
    expect(find('models/acme/hf_abcdefgh12345678/')).toBe('what looks like a credential');
    expect(find('models/acme/tiny/')).toBeUndefined();
    expect(find('models')).toBeUndefined();
  });

  test.each([
    ['GET by models was refused', 'GET by *** was refused'],
    ['<AWSAccessKeyId>models</AWSAccessKeyId>', '<AWSAccessKeyId>***</AWSAccessKeyId>'],
    ['there is no models. Make it', 'there is no ***. Make it'],
    ['models', '***'],
    ['of models, models', 'of ***, ***'],
    ['AWS4-HMAC-SHA256 Credential=models/20260101/x', 'AWS4-HMAC-SHA256 Credential=***'],
    ['aws s3 ls s3://models/acme/tiny/', 'aws s3 ls s3://models/acme/tiny/'],
    ['models-and-more, old.models, models.json', 'models-and-more, old.models, models.json'],
    ['supermodels, modelsé', 'supermodels, modelsé'],
    ['model and odels', 'model and odels'],
  ])('masks what names an account only where it is a word of its own: %s', (text, clean) => {
    const { addWord, redact } = createRedactor();
    addWord('models\n');
    addWord('of');
    expect(redact(text)).toBe(clean);
  });

  const secret = fc.oneof(
    fc.stringMatching(/^[A-Za-z0-9+/_.=-]{6,80}$/),
    fc.string({ unit: character, minLength: 6, maxLength: 60 }).filter((text) => !text.includes('*')),
  );
  // Text that holds no piece of the secret by itself: what is outside the printable ASCII range.
  const around = fc.string({ unit: fc.constantFrom('Ж', '語', '…', '\n'), maxLength: 30 });

  test('of a secret neither the whole, nor its encodings, nor a piece of nine characters is ever left', () => {
    fc.assert(
      fc.property(secret, around, around, fc.nat(3), (value, before, after, form) => {
        const { add, find, redact } = createRedactor();
        add(value);
        const wellFormed = value.toWellFormed();
        const shapes = [
          value,
          encodeURIComponent(wellFormed),
          Buffer.from(value).toString('base64'),
          JSON.stringify(value),
        ];
        const text = before + (shapes[form] ?? value) + after;
        const clean = redact(text);
        expect(find(text)).toBe('a secret');
        for (const shape of shapes) expect(clean).not.toContain(shape);
        for (let at = 0; at + 9 <= value.length; at += 1)
          expect(clean).not.toContain(value.slice(at, at + 9));
        expect(clean.startsWith(before.slice(0, 1))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('what find knows nothing of is left as it is', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ab/]{6,14}$/), fc.stringMatching(/^[ab/]{0,40}$/), (value, text) => {
        const { add, find, redact } = createRedactor();
        add(value);
        expect(find(text) === undefined).toBe(redact(text) === text);
      }),
      { numRuns: 500 },
    );
  });
});
