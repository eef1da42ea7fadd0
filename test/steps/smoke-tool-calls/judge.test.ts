import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { understand } from '../../../steps/smoke-tool-calls/heard.ts';
import { judgeCall, judgeText } from '../../../steps/smoke-tool-calls/judge.ts';
import type { Reply } from '../../../steps/smoke-tool-calls/reply.ts';

const tool = {
  name: 'get_order_status',
  description: 'd',
  parameters: {
    type: 'object',
    properties: { order_id: { type: 'string' }, detail: { type: 'string', enum: ['short', 'full'] } },
    required: ['order_id', 'detail'],
    additionalProperties: false,
  },
};
const other = {
  name: 'get_weather',
  description: 'd',
  parameters: { type: 'object', properties: { city: {} } },
};
const expected = { name: 'get_order_status', arguments: { order_id: 'A1042', detail: 'full' } };
const asked = { maxTokens: 1000, choice: 'auto' as const, tools: [other, tool] };

const right: Reply = {
  content: '',
  reasoning: 'We call it.',
  calls: [{ id: 'c1', name: 'get_order_status', arguments: '{"order_id": "A1042", "detail": "full"}' }],
  finish: 'tool_calls',
  completionTokens: 40,
};
const call = (over: Partial<Reply['calls'][number]>) => ({
  calls: [{ ...right.calls[0], id: 'c1', name: 'get_order_status', arguments: '{}', ...over }],
});
const noCall = (content: string, finish = 'stop') => ({ content, calls: [], finish });

describe('judgeCall', () => {
  test.each<[string, Partial<Reply>, string | undefined]>([
    ['the call', {}, undefined],
    [
      'the call with other spaces and another order',
      call({ arguments: '{"detail":"full","order_id":"A1042"}' }),
      undefined,
    ],
    ['a call in content', noCall('{"name": "get_order_status", "arguments": {}}'), 'IN_CONTENT'],
    ['only its arguments in content', noCall('{"order_id": "A1042", "detail": "full"}'), 'IN_CONTENT'],
    [
      'a call in content, in harmony',
      noCall('<|channel|>commentary to=functions.get_order_status <|message|>{}'),
      'IN_CONTENT',
    ],
    ['framing in content, with a call', { content: '<|channel|>analysis' }, 'LEAK'],
    ['framing in content, without a call', noCall('<|start|>assistant'), 'LEAK'],
    ['framing in the name', call({ name: 'get_order_status<|channel|>commentary' }), 'LEAK'],
    ['framing in the arguments', call({ arguments: '{"order_id":"A1042<|call|>","detail":"full"}' }), 'LEAK'],
    ['framing in the reasoning', { reasoning: 'to=functions.get_order_status' }, 'LEAK'],
    ['nothing', noCall(' '), 'EMPTY'],
    ['reasoning only', { ...noCall(''), reasoning: 'I should call it' }, 'EMPTY'],
    ['text', noCall('I cannot look that up.'), 'NONE'],
    ['text, and finish_reason tool_calls', noCall('I cannot.', 'tool_calls'), 'NONE'],
    ['arguments cut in the middle', call({ arguments: '{"order_id' }), 'BAD_JSON'],
    ['no arguments', call({ arguments: '' }), 'BAD_JSON'],
    ['arguments that are not text', call({ arguments: undefined }), 'BAD_JSON'],
    ['no id', call({ id: '' }), 'BAD_JSON'],
    ['empty arguments', call({ arguments: '{}' }), 'BAD_ARGUMENTS'],
    ['arguments of null', call({ arguments: 'null' }), 'BAD_ARGUMENTS'],
    ['a choice that is none', call({ arguments: '{"order_id":"A1042","detail":"all"}' }), 'BAD_ARGUMENTS'],
    ['another value', call({ arguments: '{"order_id":"A1043","detail":"full"}' }), 'BAD_ARGUMENTS'],
    [
      'one argument too many',
      call({ arguments: '{"order_id":"A1042","detail":"full","x":1}' }),
      'BAD_ARGUMENTS',
    ],
    ['another tool', call({ name: 'get_weather' }), 'WRONG_NAME'],
    ['two calls', { calls: [...right.calls, ...right.calls] }, 'UNASKED'],
    ['finish_reason stop', { finish: 'stop' }, 'FINISH'],
    ['no finish_reason', { finish: '' }, 'FINISH'],
    ['a cut by length', noCall('', 'length'), 'LENGTH'],
    ['a cut in the framing', noCall('<|channel|>analys', 'length'), 'LENGTH'],
    [
      'a cut that says tool_calls, as 0.32 does',
      { ...call({ arguments: '{"city' }), completionTokens: 1000 },
      'LENGTH',
    ],
  ])('of %s is %s%s', (_, over, code) => {
    expect(judgeCall({ ...right, ...over }, expected, asked)?.code).toBe(code);
  });

  test('takes finish_reason stop from a named call, which vLLM gives there', () => {
    expect(judgeCall({ ...right, finish: 'stop' }, expected, { ...asked, choice: 'named' })).toBeUndefined();
    expect(judgeCall({ ...right, finish: 'stop' }, expected, { ...asked, choice: 'required' })?.code).toBe(
      'FINISH',
    );
  });

  test('quotes what it saw, and not too much of it', () => {
    const { seen } = judgeCall({ ...right, ...noCall('no '.repeat(500)) }, expected, asked) ?? { seen: '' };
    expect(seen).toMatch(/^content: "no no /);
    expect(seen.length).toBeLessThan(200);
  });
});

describe('judgeText', () => {
  const said: Reply = { ...right, ...noCall('The code is QX4711Z.') };

  test.each<[string, Partial<Reply>, string | undefined]>([
    ['the word', {}, undefined],
    ['the word in other letters', { content: 'the code: qx4711z' }, undefined],
    [
      'the word beside a quoted result',
      { content: '{"order_id": "A1042", "tracking_code": "QX4711Z"}' },
      undefined,
    ],
    ['another word', { content: 'I do not know.' }, 'WRONG_ANSWER'],
    ['nothing', { content: '' }, 'EMPTY'],
    ['a call', right, 'UNASKED'],
    [
      'a call in content',
      { content: '{"name": "get_order_status", "arguments": {"x": "QX4711Z"}}' },
      'IN_CONTENT',
    ],
    ['framing', { content: 'QX4711Z<|return|>' }, 'LEAK'],
    ['finish_reason tool_calls', { finish: 'tool_calls' }, 'FINISH'],
    ['a cut', { finish: 'length' }, 'LENGTH'],
  ])('of %s is %s%s', (_, over, code) => {
    expect(judgeText({ ...said, ...over }, 'QX4711Z', asked)?.code).toBe(code);
  });

  test('asks for no word where none is expected', () => {
    expect(judgeText({ ...said, content: 'whatever' }, undefined, asked)).toBeUndefined();
  });
});

describe('any answer that looks like one', () => {
  const words = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '{"order_id":"A1042","detail":"full"}',
      '{"name":"get_order_status"}',
      '<|call|>',
      'to=functions.x',
      '{',
      'null',
      '',
    ),
  );
  const odd = fc.oneof(fc.constant(null), fc.integer(), fc.constant({}), fc.constant([]));
  const mutant = fc.record(
    {
      choices: fc.array(
        fc.record(
          {
            message: fc.record(
              {
                role: fc.oneof(words, odd),
                content: fc.oneof(words, odd),
                reasoning: fc.oneof(words, odd),
                reasoning_content: fc.oneof(words, odd),
                tool_calls: fc.oneof(
                  odd,
                  fc.array(
                    fc.record(
                      {
                        id: fc.oneof(words, odd),
                        function: fc.oneof(
                          odd,
                          fc.record(
                            {
                              name: fc.oneof(words, odd, fc.constantFrom('get_order_status', 'get_weather')),
                              arguments: fc.oneof(words, odd, fc.json()),
                            },
                            { requiredKeys: [] },
                          ),
                        ),
                      },
                      { requiredKeys: [] },
                    ),
                    { maxLength: 3 },
                  ),
                ),
              },
              { requiredKeys: [] },
            ),
            finish_reason: fc.oneof(odd, fc.constantFrom('stop', 'tool_calls', 'length', 'abort', '')),
          },
          { requiredKeys: [] },
        ),
        { maxLength: 2 },
      ),
      usage: fc.oneof(
        odd,
        fc.record({ completion_tokens: fc.oneof(odd, fc.nat(2000), fc.constant(Number.NaN)) }),
      ),
    },
    { requiredKeys: [] },
  );

  test('has a verdict, and passes as the call only when it is the call', () => {
    fc.assert(
      fc.property(mutant, (body) => {
        const { reply, fault } = understand({ kind: 'body', body });
        const finding = reply ? judgeCall(reply, expected, asked) : fault;
        const text = reply && judgeText(reply, 'QX4711Z', asked);
        expect(text === undefined || text.seen !== '').toBe(true);
        expect(finding === undefined || finding.seen !== '').toBe(true);
        const passed = finding === undefined;
        const isTheCall =
          reply?.calls.length === 1 &&
          reply.calls[0]?.name === 'get_order_status' &&
          reply.finish === 'tool_calls';
        expect(!passed || isTheCall).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
