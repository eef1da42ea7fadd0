import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readStream } from '../../../steps/smoke-tool-calls/stream.ts';

const chunk = (delta: unknown, finish: unknown = null) => ({
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const usage = { choices: [], usage: { completion_tokens: 12 } };
const role = chunk({ role: 'assistant', content: '' });
const begin = chunk({
  tool_calls: [{ id: 'c1', type: 'function', index: 0, function: { name: 'get_weather', arguments: '' } }],
});
const args = (text: string, index = 0) => chunk({ tool_calls: [{ index, function: { arguments: text } }] });
const end = chunk({}, 'tool_calls');
const good = [
  role,
  chunk({ reasoning: 'User' }),
  chunk({ reasoning: ' asks' }),
  begin,
  args('{"'),
  args('city":"Paris"}'),
  end,
  usage,
];

describe('readStream', () => {
  test('puts a call together as vLLM 0.32 streams it', () => {
    expect(readStream(good)).toEqual({
      reply: {
        content: '',
        reasoning: 'User asks',
        calls: [expect.objectContaining({ id: 'c1', name: 'get_weather', arguments: '{"city":"Paris"}' })],
        finish: 'tool_calls',
        completionTokens: 12,
      },
      faults: [],
    });
  });

  test('puts two calls together by their index, in its order', () => {
    const second = chunk({ tool_calls: [{ id: 'c2', index: 1, function: { name: 'b', arguments: '' } }] });
    const { reply } = readStream([role, second, begin, args('{}', 1), args('[]'), end, usage]);
    expect(reply?.calls.map(({ id, arguments: text }) => [id, text])).toEqual([
      ['c1', '[]'],
      ['c2', '{}'],
    ]);
  });

  test('takes the last usage, of servers that send one with every chunk', () => {
    const counted = good.map((each, i) => ({ ...each, usage: { completion_tokens: i } }));
    expect(readStream(counted).reply?.completionTokens).toBe(good.length - 1);
  });

  test.each<[string, unknown[], string]>([
    ['no role', good.slice(1), 'the role came 0 times instead of once'],
    ['two roles', [role, ...good], 'the role came 2 times instead of once'],
    ['two ids', good.toSpliced(4, 0, begin), 'the id of call 0 came 2 times instead of once'],
    ['no id', [role, args('{}'), end, usage], 'call 0 begins without an id'],
    [
      'a name in pieces',
      good.toSpliced(4, 0, chunk({ tool_calls: [{ index: 0, function: { name: '_v2' } }] })),
      'the name of call 0 came in 2 pieces instead of whole',
    ],
    [
      'no index',
      [role, chunk({ tool_calls: [{ id: 'c1', function: { name: 'x' } }] }), end, usage],
      'a tool call delta without index',
    ],
    ['two ends', [...good, end], '2 finish_reasons instead of one'],
    ['more after the end', [...good, args('}')], 'a delta after the finish_reason'],
    ['no usage', good.slice(0, -1), 'no usage at the end, although stream_options asked for it'],
  ])('finds %s', (_, chunks, fault) => {
    expect(readStream(chunks).faults).toContain(fault);
  });

  test('shows a stream that just ends by its missing finish_reason', () => {
    const { reply } = readStream(good.slice(0, 5));
    expect(reply?.finish).toBe('');
  });

  test.each([[[]], [[usage]], [['<html>']], [[{ choices: 'x' }, null]]])('finds no reply in %j', (chunks) => {
    expect(readStream(chunks).reply).toBeUndefined();
  });

  test('cut anywhere, arguments stay a piece of the whole', () => {
    const text = '{"order_id": "A1042", "detail": "full", "note": "é \\u00e9 \\" 語"}';
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), text.length];
        const pieces = places.slice(1).map((to, i) => args(text.slice(places[i], to)));
        const { reply, faults } = readStream([role, begin, ...pieces, end, usage]);
        expect(faults).toEqual([]);
        expect(reply?.calls[0]?.arguments).toBe(text);
      }),
    );
  });

  test('never throws, whatever the chunks are', () => {
    const mutant = fc.oneof(
      fc.anything(),
      fc.anything().map((delta) => chunk(delta, delta)),
      fc.anything().map((call) => chunk({ tool_calls: [call], role: call, content: call })),
      fc.constantFrom(...good),
    );
    fc.assert(
      fc.property(fc.array(mutant), (chunks) => {
        expect(Array.isArray(readStream(chunks).faults)).toBe(true);
      }),
    );
  });
});
