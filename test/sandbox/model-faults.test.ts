import { afterEach, expect, test } from 'vitest';
import { startModel } from '../../sandbox/model.ts';
import type { Model, ModelFault } from '../../sandbox/model.ts';

const open: Model[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((model) => model.close()));
});

const tools = ['get_weather', 'get_time'].map((name) => ({
  type: 'function',
  function: {
    name,
    description: '',
    parameters: { type: 'object', properties: { city: {} }, required: ['city'] },
  },
}));
const prompt = { role: 'user', content: 'How is the weather in Paris?' };

test.each([
  [
    'call-in-content',
    { content: '{"name": "get_weather", "arguments": {"city":"Paris"}}', finish: 'stop', calls: 0 },
  ],
  ['no-call', { content: 'I cannot look that up.', finish: 'stop', calls: 0 }],
  ['empty', { content: null, finish: 'stop', calls: 0 }],
  ['wrong-finish', { content: null, finish: 'stop', calls: 1 }],
  ['leak-in-content', { content: '<|channel|>analysis<|message|>', finish: 'tool_calls', calls: 1 }],
  ['leak-in-name', { name: 'get_weather<|channel|>commentary', finish: 'tool_calls', calls: 1 }],
  ['wrong-tool', { name: 'get_time', finish: 'tool_calls', calls: 1 }],
  ['truncated-arguments', { arguments: '{"city":"Paris', finish: 'tool_calls', calls: 1 }],
  ['arguments-against-schema', { arguments: '{"unasked": null}', finish: 'tool_calls', calls: 1 }],
] as const)('%s', async (kind, wanted) => {
  const { url } = await serve([{ kind }]);
  expect(await ask(url)).toMatchObject(wanted);
});

test('always-calls calls where nothing asks for it', async () => {
  const { url } = await serve([{ kind: 'always-calls' }]);
  expect(await ask(url, { messages: [{ role: 'user', content: 'Say hi' }] })).toMatchObject({
    calls: 1,
    arguments: '{}',
  });
});

test('ignores-result forgets what the tool returned', async () => {
  const { url } = await serve([{ kind: 'ignores-result' }]);
  const messages = [prompt, { role: 'tool', tool_call_id: 'x', content: 'zx-81' }];
  expect(await ask(url, { messages })).toMatchObject({ content: 'I do not know.' });
});

test('a stream that just ends', async () => {
  const { url } = await serve([{ kind: 'stream-ends', on: 'stream' }]);
  const text = await (await post(url, { stream: true })).text();
  expect(text).toContain('data: {');
  expect(text).not.toContain('[DONE]');
  expect(text).not.toContain('"finish_reason":"');
});

test('harmony’s parser fails', async () => {
  const { url } = await serve([{ kind: 'harmony-error', on: 'tools' }]);
  const response = await post(url);
  expect([response.status, await response.json()]).toEqual([
    500,
    {
      error: {
        message: 'Unexpected token 12606 while expecting start token 200006',
        type: 'InternalServerError',
        param: null,
        code: 500,
      },
    },
  ]);
  expect((await post(url, { tools: [] })).status).toBe(200);
});

test('each third chat only, and off again when it is taken away', async () => {
  const model = await serve([{ kind: 'status', every: 3 }]);
  const four = async () =>
    (await Promise.all([1, 2, 3, 4].map(() => post(model.url))))
      .map(({ status }) => status)
      .toSorted((a, b) => a - b);
  expect(await four()).toEqual([200, 200, 200, 503]);
  model.faults = [];
  expect(await four()).toEqual([200, 200, 200, 200]);
});

test('something else at the address: a page, except for the probes', async () => {
  const { url } = await serve([{ kind: 'html' }]);
  const page = await fetch(`${url}/v1/models`);
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(await (await fetch(`${url}/health`)).text()).toBe('');
});

test('a failed chat does not count as a success, and does not stay running', async () => {
  const { url } = await serve([{ kind: 'status' }]);
  await post(url);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('vllm:num_requests_running{engine="0",model_name="gpt"} 0.0');
  expect(metrics).toContain('finished_reason="stop"} 0.0');
});

async function serve(faults: ModelFault[]): Promise<Model> {
  const model = await startModel({ servedName: 'gpt', faults });
  open.push(model);
  return model;
}

function post(url: string, change: object = {}): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ messages: [prompt], tools, ...change }),
  });
}

interface Answer {
  readonly choices: readonly [
    {
      readonly finish_reason: string;
      readonly message: {
        readonly content: string | null;
        readonly tool_calls?: readonly {
          readonly function: { readonly name: string; readonly arguments: string };
        }[];
      };
    },
  ];
}

async function ask(url: string, change: object = {}) {
  const { choices } = (await (await post(url, change)).json()) as Answer;
  const [{ finish_reason: finish, message }] = choices;
  const { content, tool_calls: calls = [] } = message;
  return { finish, content, calls: calls.length, ...calls[0]?.function };
}
