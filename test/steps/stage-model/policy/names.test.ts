import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeNames } from '../../../../steps/stage-model/policy/names.ts';
import { character } from '../../lib/characters.ts';

const prefix = 'models/acme/tiny/6cee5e81ee83917806bbde320786a8fb61efebee/';

describe('F23: names that are refused', () => {
  test.each([
    ['../x', 'has . or .. in it'],
    ['a/../x', 'has . or .. in it'],
    ['a/..', 'has . or .. in it'],
    ['.', 'has . or .. in it'],
    ['a/./b', 'has . or .. in it'],
    ['/abs', 'is absolute'],
    ['', 'is empty'],
    ['a//b', 'has an empty folder name'],
    ['a/', 'has an empty folder name'],
    ['a\\b', 'a URL or a key reads as something else'],
    ['%2e%2e/x', 'a URL or a key reads as something else'],
    ['a?b', 'a URL or a key reads as something else'],
    ['a#b', 'a URL or a key reads as something else'],
    ['a\0b', 'control, invisible or broken characters'],
    ['a\nb', 'control, invisible or broken characters'],
    ['a\u202eb', 'control, invisible or broken characters'],
    ['a\u200bb', 'control, invisible or broken characters'],
    ['a\ud800b', 'control, invisible or broken characters'],
    ['a'.repeat(1025 - prefix.length), 'makes a key of more than 1024 bytes'],
    ['ü'.repeat(500), 'makes a key of more than 1024 bytes'],
    ['a'.repeat(256), 'has a name of more than 255 bytes'],
    [`${'ü'.repeat(128)}/x`, 'has a name of more than 255 bytes'],
  ])('%j', (path, why) => {
    const [line, ...more] = judgeNames([path], prefix);
    expect(line).toContain(why);
    expect(line).toContain(JSON.stringify(path));
    expect(more).toEqual([]);
  });

  test.each([
    ['other case', ['Config.json', 'config.json'], 'same name but for case or Unicode form'],
    ['other Unicode form', ['caf\u00e9', 'cafe\u0301'], 'same name but for case or Unicode form'],
    ['a file and a folder', ['a', 'a/b'], '"a" is a file, and the folder of "a/b"'],
    ['the same in another case', ['A', 'a/b'], '"A" is a file, and the folder of "a/b"'],
  ])('twins: %s', (_title, paths, why) => {
    expect(judgeNames(paths, prefix).join('\n')).toContain(why);
  });
});

test('names of the field pass', () => {
  const names = [
    'model-00000-of-00002.safetensors',
    '.gitattributes',
    'chat template (v2).jinja',
    '日本語/モデル.json',
    'a..b/c...',
    `${'a'.repeat(255)}/${'ü'.repeat(127)}`,
  ];
  expect(judgeNames(names, prefix)).toEqual([]);
});

test('P10: an accepted name stays under the prefix as it is; two accepted names never meet; the name comes back from the key', () => {
  const name = fc.oneof(
    fc.string({ unit: character, maxLength: 12 }),
    fc.string({
      unit: fc.constantFrom('a', 'A', 'é', 'e\u0301', '.', '/', '\\', '%', '#', '?', '\0', ' ', '-'),
      maxLength: 8,
    }),
  );
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 4 }), (names) => {
      const hostile = names.filter((path) => /(?:^|\/)\.{0,2}(?:\/|$)|[\\?#%\0]/.test(path));
      const problems = judgeNames(names, prefix);
      for (const path of hostile) expect(problems.join('\n')).toContain(JSON.stringify(path));
      if (problems.length > 0) return;
      const keys = names.map((path) => prefix + path);
      for (const key of keys) expect(posix.normalize(key)).toBe(key);
      expect(keys.map((key) => key.slice(prefix.length))).toEqual(names);
      expect(new Set(keys.map((key) => key.normalize('NFC').toLowerCase())).size).toBe(keys.length);
    }),
    { numRuns: 2000 },
  );
});
