import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { understand } from '../../../steps/smoke-tool-calls/heard.ts';

const delta = (content: string, finish: string | null = null) => ({
  choices: [
    { delta: { ...((finish ?? content) ? {} : { role: 'assistant' }), content }, finish_reason: finish },
  ],
});
const usage = { choices: [], usage: { completion_tokens: 3 } };

describe('understand', () => {
  test.each([
    [{ kind: 'refusal', status: 400, message: 'no' }, 'REJECTED', '400 no'],
    [{ kind: 'refusal', status: 404, message: 'no' }, 'REJECTED', '404 no'],
    [{ kind: 'refusal', status: 500, message: 'HarmonyError' }, 'SERVER_ERROR', '500 HarmonyError'],
    [{ kind: 'cut', message: 'model ended the connection' }, 'SERVER_ERROR', 'model ended the connection'],
    [{ kind: 'body', body: '<html>' }, 'NOT_OPENAI', 'body: "<html>"'],
    [{ kind: 'body', body: undefined }, 'NOT_OPENAI', 'body: undefined'],
    [{ kind: 'chunks', chunks: [] }, 'NOT_OPENAI', 'a stream of 0 chunks without a choice: []'],
    [{ kind: 'chunks', chunks: [delta('')] }, 'STREAM_ENDED', 'the stream ended without a finish_reason'],
  ] as const)('%j is %s', (heard, code, seen) => {
    const { reply, fault } = understand(heard);
    expect(reply).toBeUndefined();
    expect(fault?.code).toBe(code);
    expect(fault?.seen).toContain(seen);
  });

  test('gives the reply of a body, and of a whole stream', () => {
    const body = { choices: [{ message: { content: 'hi' }, finish_reason: 'stop' }] };
    expect(understand({ kind: 'body', body })).toMatchObject({ reply: { content: 'hi' } });
    const chunks = [delta(''), delta('h'), delta('i'), delta('', 'stop'), usage];
    expect(understand({ kind: 'chunks', chunks })).toMatchObject({ reply: { content: 'hi' } });
  });

  test('gives a reply with the fault of its stream', () => {
    const { reply, fault } = understand({
      kind: 'chunks',
      chunks: [delta(''), delta('hi'), delta('', 'stop')],
    });
    expect(reply?.content).toBe('hi');
    expect(fault).toEqual({
      code: 'STREAM_PROTOCOL',
      seen: 'no usage at the end, although stream_options asked for it',
    });
  });

  test('of anything it gives a reply or a fault', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(fc.jsonValue()), (body, chunks) => {
        for (const heard of [
          { kind: 'body', body },
          { kind: 'chunks', chunks },
        ] as const) {
          const { reply, fault } = understand(heard);
          expect(reply !== undefined || fault !== undefined).toBe(true);
        }
      }),
    );
  });
});
