import { afterEach, expect, test } from 'vitest';
import OpenAI from 'openai';
import { EngineExit, startModel } from '../../sandbox/model.ts';
import type { Model, ModelOptions } from '../../sandbox/model.ts';

const open: Model[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((model) => model.close()));
});

test('health, version, models and metrics look like vLLM’s', async () => {
  const { url } = await serve({ maxModelLen: 8192 });
  const health = await fetch(`${url}/health`);
  expect([health.status, await health.text()]).toEqual([200, '']);
  expect((await fetch(`${url}/health`, { method: 'HEAD' })).status).toBe(405);
  expect(await (await fetch(`${url}/version`)).json()).toEqual({ version: '0.32.0' });
  expect(await (await fetch(`${url}/v1/models`)).json()).toMatchObject({
    object: 'list',
    data: [{ id: 'gpt', object: 'model', owned_by: 'vllm', root: '/mnt/models', max_model_len: 8192 }],
  });
  expect(await (await fetch(`${url}/v1/nope`)).json()).toEqual({ detail: 'Not Found' });
});

test('the counters count what was answered', async () => {
  const { url } = await serve();
  await chat(url, { messages: [{ role: 'user', content: 'Say hi' }] });
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toContain(
    'vllm:request_success_total{engine="0",model_name="gpt",finished_reason="stop"} 1.0',
  );
  expect(text).toContain('vllm:prompt_tokens_total{engine="0",model_name="gpt"} 69.0');
  expect(text).toMatch(/vllm:generation_tokens_total\{.*\} [1-9]/);
});

test('a plain chat has reasoning, content and no tool_calls', async () => {
  const { url } = await serve();
  const { status, body } = await chat(url, { messages: [{ role: 'user', content: 'Say hi' }] });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    model: 'gpt',
    choices: [{ message: { role: 'assistant', content: 'hi', refusal: null }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 69 },
  });
  const message = body.choices?.[0]?.message ?? {};
  expect(message).not.toHaveProperty('tool_calls');
  expect(message).not.toHaveProperty('reasoning_content');
  expect(message).toHaveProperty('reasoning', expect.stringMatching(/./));
});

test('0.16 sends an empty tool_calls', async () => {
  const { url } = await serve({ version: '0.16' });
  const { body } = await chat(url, { messages: [{ role: 'user', content: 'Say hi' }] });
  expect(body.choices?.[0]?.message).toHaveProperty('tool_calls', []);
});

const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Get the current weather for a location',
    parameters: {
      type: 'object',
      properties: { location: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } },
      required: ['location'],
    },
  },
};
const asked = { role: 'user', content: 'What is the weather in San Francisco?' };

test('auto: the tool that the prompt asks for, its result used in the next turn', async () => {
  const { url } = await serve();
  const first = await chat(url, { messages: [asked], tools: [weather], tool_choice: 'auto' });
  const choice = first.body.choices?.[0];
  expect(choice).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } });
  const call = choice?.message.tool_calls?.[0];
  expect(call).toMatchObject({ id: expect.stringMatching(/^chatcmpl-tool-.{9,}/), type: 'function' });
  expect(call?.function).toEqual({ name: 'get_weather', arguments: '{"location": "San Francisco"}' });
  const second = await chat(url, {
    messages: [asked, choice?.message, { role: 'tool', tool_call_id: call?.id, content: '{"code":"zx-81"}' }],
    tools: [weather],
  });
  expect(second.body.choices?.[0]).toMatchObject({
    finish_reason: 'stop',
    message: { content: expect.stringContaining('zx-81') },
  });
});

test.each([
  ['irrelevant prompt', { messages: [{ role: 'user', content: 'What is two and two?' }] }],
  ['tool_choice none', { messages: [asked], tool_choice: 'none' }],
  ['told not to', { messages: [{ role: 'user', content: 'Do not use tools. How is the weather in Rome?' }] }],
])('no call: %s', async (_, request) => {
  const { url } = await serve();
  const { body } = await chat(url, { tools: [weather], ...request });
  expect(body.choices?.[0]).toMatchObject({
    finish_reason: 'stop',
    message: { content: expect.any(String) },
  });
  expect(body.choices?.[0]?.message.tool_calls).toBeUndefined();
});

const idle = [{ role: 'user', content: 'Say hi' }];
const named = { type: 'function', function: { name: 'get_weather' } };
test.each([
  ['0.32', 'openai', 'required', 'tool_calls', true],
  ['0.32', 'openai', named, 'stop', true],
  ['0.32', undefined, 'required', 'tool_calls', false],
  ['0.32', undefined, named, 'stop', false],
  ['0.16', 'openai', 'required', 'stop', false],
  ['0.16', 'openai', named, 'stop', false],
] as const)(
  '%s with parser %s, tool_choice %j: %s, forced %s',
  async (version, toolParser, choice, ...[finish, forced]) => {
    const { url } = await serve({ version, toolParser });
    const { body } = await chat(url, { messages: idle, tools: [weather], tool_choice: choice });
    expect(body.choices?.[0]?.finish_reason).toBe(finish);
    expect(body.choices?.[0]?.message.tool_calls?.length ?? 0).toBe(forced ? 1 : 0);
  },
);

test.each([
  ['0.32', 'tool_calls', 1],
  ['0.16', 'length', 0],
] as const)('%s: a call cut off by max_tokens ends with %s', async (version, finish, calls) => {
  const { url } = await serve({ version });
  const request = { messages: [asked], tools: [weather] };
  const whole = await chat(url, request);
  const max = Number(whole.body.usage?.completion_tokens) - 2;
  const { body } = await chat(url, { ...request, max_tokens: max });
  const choice = body.choices?.[0];
  expect(choice?.finish_reason).toBe(finish);
  const made = choice?.message.tool_calls ?? [];
  expect(made).toHaveLength(calls);
  for (const call of made) expect(() => JSON.parse(call.function.arguments)).toThrow(SyntaxError);
});

test('a tiny budget leaks harmony’s frame', async () => {
  const { url } = await serve();
  const { body } = await chat(url, { messages: idle, max_tokens: 2 });
  expect(body.choices?.[0]).toMatchObject({
    finish_reason: 'length',
    message: { content: '<|channel|>analys' },
  });
});

test('the stream: role, reasoning, fragments, finish, usage, [DONE]; joined it is the whole', async () => {
  const { url } = await serve();
  const response = await post(url, {
    messages: [asked],
    tools: [weather],
    stream: true,
    stream_options: { include_usage: true },
  });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const lines = (await response.text()).trim().split('\n\n');
  expect(lines.at(-1)).toBe('data: [DONE]');
  const chunks = lines.slice(0, -1).map((line) => JSON.parse(line.slice(6)) as Chunk);
  expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' });
  expect(chunks[1]?.choices[0]?.delta).toHaveProperty('reasoning');
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: expect.any(Number) } });
  expect(chunks.at(-2)?.choices[0]).toMatchObject({
    delta: {},
    finish_reason: 'tool_calls',
    stop_reason: 200_012,
  });
  const calls = chunks.flatMap(({ choices: [choice] }) => choice?.delta.tool_calls ?? []);
  expect(calls[0]).toMatchObject({
    index: 0,
    type: 'function',
    function: { name: 'get_weather', arguments: '' },
  });
  expect(calls.slice(1).every((call) => call.id === undefined && call.function.name === undefined)).toBe(
    true,
  );
  expect(JSON.parse(calls.map((call) => call.function.arguments).join(''))).toEqual({
    location: 'San Francisco',
  });
});

test('the openai package reads it', async () => {
  const { url } = await serve();
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
  const runner = client.chat.completions.stream({
    model: 'gpt',
    messages: [{ role: 'user', content: 'Say hi' }],
  });
  expect((await runner.finalChatCompletion()).choices[0]?.message.content).toBe('hi');
});

test.each([
  ['a wrong model', { model: 'nope' }, 404, 'The model `nope` does not exist. Valid aliases: gpt.'],
  [
    'max_tokens 0',
    { max_tokens: 0 },
    400,
    'max_tokens must be at least 1, got 0. (parameter=max_tokens, value=0)',
  ],
  [
    'tool_choice without tools',
    { tool_choice: 'auto' },
    400,
    'When using `tool_choice`, `tools` must be set.',
  ],
  [
    'a prompt too long',
    { messages: [{ role: 'user', content: 'word '.repeat(9000) }] },
    400,
    "exceeds model's maximum context length (8192).",
  ],
  [
    'broken arguments in the history',
    {
      messages: [
        {
          role: 'assistant',
          tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{"a' } }],
        },
      ],
    },
    400,
    'Invalid JSON',
  ],
])('refuses %s', async (_, change, status, message) => {
  const { url } = await serve({ maxModelLen: 8192 });
  const answer = await chat(url, { messages: idle, ...change });
  expect(answer.status).toBe(status);
  expect(answer.body.error).toMatchObject({ message: expect.stringContaining(message), code: status });
});

test('lets pass what vLLM lets pass: no model, unknown fields, a huge budget', async () => {
  const { url } = await serve();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ messages: idle, frobnicate: 1, max_tokens: 9e9 }),
  });
  expect(response.status).toBe(200);
});

test('families other than gpt-oss want the flags', async () => {
  const { url } = await serve({ family: 'other', toolParser: undefined, autoToolChoice: false });
  const { status, body } = await chat(url, { messages: idle, tools: [weather] });
  expect([status, body.error?.message]).toEqual([
    400,
    '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
  ]);
});

const noFile = 'invalid tiktoken vocab file: No such file or directory (os error 2)';
test('0.32 with a bad vocabulary folder: ready, models listed, completions work, every chat 500', async () => {
  const { url } = await serve({ vocabularyError: noFile });
  expect((await fetch(`${url}/health`)).status).toBe(200);
  expect((await fetch(`${url}/v1/models`)).status).toBe(200);
  expect((await post(url, { prompt: 'So' }, '/v1/completions')).status).toBe(200);
  expect(await chat(url, { messages: idle })).toEqual({
    status: 500,
    body: { error: { message: noFile, type: 'InternalServerError', param: null, code: 500 } },
  });
});

test('0.16 with a bad vocabulary folder does not start', async () => {
  await expect(serve({ version: '0.16', vocabularyError: noFile })).rejects.toThrow(EngineExit);
});

test('behind the proxy: 401 without and with a foreign token, 403 without the right, then through', async () => {
  const { url } = await serve({
    reviews: {
      reviewToken: async (token) =>
        token.startsWith('sa-') ? { username: `system:serviceaccount:ns:${token.slice(3)}` } : undefined,
      mayGet: async ({ username }) => username.endsWith(':librechat'),
    },
  });
  const as = async (token?: string) => {
    const response = await fetch(`${url}/v1/models`, {
      headers: token ? { authorization: `Bearer ${token}` } : {},
    });
    return [response.status, (await response.text()).slice(0, 60)];
  };
  expect(await as()).toEqual([401, 'Unauthorized\n']);
  expect(await as('foreign')).toEqual([401, 'Unauthorized\n']);
  expect(await as('sa-other')).toEqual([403, 'Forbidden (user=system:serviceaccount:ns:other, verb=get, re']);
  expect((await as('sa-librechat'))[0]).toBe(200);
  expect((await fetch(`${url}/health`)).status).toBe(200);
});

test('an API key guards /v1 only and answers with a string', async () => {
  const { url } = await serve({ apiKey: 'sk-test' });
  const refused = await fetch(`${url}/v1/nope`);
  expect([refused.status, await refused.json()]).toEqual([401, { error: 'Unauthorized' }]);
  expect((await fetch(`${url}/version`)).status).toBe(200);
});

test('what vLLM has and the stand-in lacks is refused aloud', async () => {
  const model = await serve();
  expect((await post(model.url, {}, '/v1/responses')).status).toBe(501);
  expect(model.refusals).toEqual(['POST /v1/responses']);
});

interface Body {
  readonly choices?: readonly {
    readonly finish_reason: string;
    readonly message: {
      readonly content: string | null;
      readonly tool_calls?: readonly { id: string; function: { name: string; arguments: string } }[];
    };
  }[];
  readonly usage?: { readonly completion_tokens: number };
  readonly error?: { readonly message: string };
}

interface Chunk {
  readonly choices: readonly {
    readonly delta: {
      readonly tool_calls?: { id?: string; function: { name?: string; arguments: string } }[];
    };
  }[];
}

async function serve(options: Partial<ModelOptions> = {}): Promise<Model> {
  const model = await startModel({ servedName: 'gpt', ...options });
  open.push(model);
  return model;
}

function post(url: string, body: object, path = '/v1/chat/completions'): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt', ...body }),
  });
}

async function chat(url: string, body: object): Promise<{ status: number; body: Body }> {
  const response = await post(url, body);
  return { status: response.status, body: (await response.json()) as Body };
}
