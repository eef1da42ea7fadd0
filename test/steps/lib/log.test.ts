import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLog } from '../../../steps/lib/log.ts';
import { character } from './characters.ts';

const now = () => new Date('2026-11-23T10:00:00Z');

function capture(env: Record<string, string> = {}) {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line), env, step: 'stage-model', now });
  return { log, lines, text: () => lines.join('') };
}

describe('text', () => {
  test('is the event and its fields, a line each', () => {
    const { log, text } = capture();
    log.info('staged file', { path: 'config.json', bytes: 1806, rest: undefined, done: true });
    log.info('plain');
    expect(text()).toBe('staged file  path=config.json bytes=1806 done=true\nplain\n');
  });

  test('names every level but info', () => {
    const { log, text } = capture();
    log.warn('careful');
    log.error('refused: no such bucket');
    expect(text()).toBe('warn careful\nerror refused: no such bucket\n');
  });

  test('quotes values that would read as more than one', () => {
    const { log, text } = capture();
    log.info('x', { a: 'two words', b: '', c: 'k=v', d: 'say "hi"' });
    expect(text()).toBe('x  a="two words" b="" c="k=v" d="say \\"hi\\""\n');
  });

  test('leaves debug out unless LOG_LEVEL=debug', () => {
    const quiet = capture();
    quiet.log.debug('detail');
    expect(quiet.text()).toBe('');
    const loud = capture({ LOG_LEVEL: 'debug' });
    loud.log.debug('detail');
    expect(loud.text()).toBe('debug detail\n');
  });

  test('has the time with LOG_TIME=1', () => {
    const { log, text } = capture({ LOG_TIME: '1' });
    log.info('x');
    expect(text()).toBe('2026-11-23T10:00:00.000Z x\n');
  });

  test('cannot be forged by what a server or a file name says', () => {
    const { log, text } = capture();
    log.info('answer\nerror check: all lost', { path: 'a\r\nerror x', note: '\u001b[2J\u2028\u0085' });
    expect(text().split('\n')).toHaveLength(2);
    // oxlint-disable-next-line no-control-regex -- it is the control characters that we look for
    expect(text().slice(0, -1)).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f\u0085\u2028\u2029]/);
  });
});

describe('JSON', () => {
  test('has the same events as objects', () => {
    const { log, text } = capture({ LOG_FORMAT: 'json' });
    log.info('staged file', { path: 'a b', bytes: 2, done: false });
    expect(text()).toBe(
      '{"ts":"2026-11-23T10:00:00.000Z","level":"info","step":"stage-model","event":"staged file","path":"a b","bytes":2,"done":false}\n',
    );
  });

  test('keeps its own members when a field has the same name', () => {
    const { log, text } = capture({ LOG_FORMAT: 'json' });
    log.info('param', { level: 'error', event: 'forged' });
    expect(JSON.parse(text())).toMatchObject({ level: 'info', event: 'param', step: 'stage-model' });
  });
});

test('any event with any fields is exactly one line in either form, and JSON can be read', () => {
  const field = fc.oneof(fc.string({ unit: character }), fc.double(), fc.boolean());
  fc.assert(
    fc.property(
      fc.string({ unit: character }),
      fc.dictionary(fc.string({ unit: character }), field),
      (event, fields) => {
        for (const format of ['text', 'json']) {
          const { log, lines } = capture({ LOG_FORMAT: format });
          log.info(event, fields);
          expect(lines).toHaveLength(1);
          expect(lines[0]?.match(/\n/g)).toHaveLength(1);
          expect(lines[0]?.at(-1)).toBe('\n');
          const read: unknown = format === 'json' ? JSON.parse(lines[0] ?? '') : { level: 'info' };
          expect(read).toHaveProperty('level', 'info');
        }
      },
    ),
  );
});

test('a registered secret is in no line, wherever it stands and however it is written', () => {
  const secret = fc
    .string({ unit: character, minLength: 9, maxLength: 60 })
    .filter((text) => !/[*\\]/.test(text) && text.isWellFormed());
  fc.assert(
    fc.property(secret, fc.constantFrom('text', 'json'), (value, format) => {
      const { log, text } = capture({ LOG_FORMAT: format });
      log.secret(value);
      log.info(`seen ${value}`, { field: value, url: `https://x/?t=${encodeURIComponent(value)}` });
      log.error(log.redact(value));
      const decoded =
        format === 'json'
          ? text()
              .trim()
              .split('\n')
              .map((line) => Object.values(JSON.parse(line) as object).join(' '))
              .join('\n')
          : text();
      for (const shape of [value, encodeURIComponent(value), printed(value)])
        expect(decoded).not.toContain(shape);
    }),
    { numRuns: 300 },
  );
});

/** As the text form shows it. */
function printed(value: string): string {
  const { log, text } = capture();
  log.info(value);
  return text().slice(0, -1);
}
