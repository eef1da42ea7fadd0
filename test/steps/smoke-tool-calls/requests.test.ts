import { describe, expect, test } from 'vitest';
import { firstTurn, secondTurn } from '../../../steps/smoke-tool-calls/requests.ts';
import type { Check } from '../../../steps/smoke-tool-calls/suite.ts';

const tool = { name: 'f', description: 'd', parameters: { type: 'object' } };
const check: Check = {
  name: 'x',
  shows: 'y',
  gate: true,
  prompt: 'Do it.',
  tools: [tool],
  call: { name: 'f', arguments: {} },
};
const asking = { model: 'm', maxTokens: 99 };

describe('firstTurn', () => {
  test('asks plainly, with a budget and without chance', () => {
    expect(firstTurn({ ...check, tools: [] }, asking)).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'Do it.' }],
      temperature: 0,
      reasoning_effort: 'low',
      max_completion_tokens: 99,
      stream: false,
    });
  });

  test.each([
    [{}, 'auto'],
    [{ choice: 'none' }, 'none'],
    [{ choice: 'required' }, 'required'],
    [{ choice: 'named' }, { type: 'function', function: { name: 'f' } }],
  ] as const)('with %j sends tool_choice %j', (over, choice) => {
    expect(firstTurn({ ...check, ...over }, asking)).toMatchObject({
      tool_choice: choice,
      tools: [{ type: 'function', function: tool }],
    });
  });

  test('marks tools as strict only when asked to', () => {
    expect(firstTurn(check, asking).tools).toEqual([{ type: 'function', function: tool }]);
    expect(firstTurn({ ...check, strict: true }, asking).tools).toEqual([
      { type: 'function', function: { ...tool, strict: true } },
    ]);
  });

  test('asks for usage when it streams', () => {
    expect(firstTurn({ ...check, stream: true }, asking)).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
    });
  });
});

test('the second turn gives back the call as it came, and the nonce only in what the tool returned', () => {
  const reply = {
    content: '',
    reasoning: 'secret thoughts',
    calls: [{ id: 'c1', name: 'f', arguments: '{"a": 1}' }],
    finish: 'tool_calls',
    completionTokens: 3,
  };
  const { messages } = secondTurn(check, asking, { reply, nonce: 'QX1Z' });
  expect(messages).toEqual([
    { role: 'user', content: 'Do it.' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a": 1}' } }],
    },
    { role: 'tool', tool_call_id: 'c1', content: '{"status":"shipped","tracking_code":"QX1Z"}' },
  ]);
});
