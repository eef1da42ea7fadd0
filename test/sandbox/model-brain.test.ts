import { expect, test } from 'vitest';
import { fillArguments } from '../../sandbox/model/arguments.ts';
import { pickTool } from '../../sandbox/model/pick-tool.ts';
import type { Tool } from '../../sandbox/model/chat-request.ts';

const tools: Tool[] = [
  tool('get_weather', 'Get the current weather for a city'),
  tool('get_time', 'Current local time of a city'),
  tool('convert_currency', 'Converts an amount of money from one currency into another'),
  tool('search_documents', 'Full-text search in the company library'),
  tool('create_ticket', 'Opens a support ticket'),
  tool('send_email', 'Sends an e-mail to a person'),
  tool('list_files', 'Lists the files of a folder'),
  tool('lookup_nonce', 'Returns the secret code that belongs to a key'),
];

test.each([
  ['What is the weather in Paris?', 'get_weather'],
  ['What time is it in Tokyo?', 'get_time'],
  ['Convert 20 euros of money to dollars', 'convert_currency'],
  ['Please open a ticket: the printer burns', 'create_ticket'],
  ['Which files are in the folder docs?', 'list_files'],
  ['Which secret code belongs to the key blue?', 'lookup_nonce'],
  ['Call lookup_nonce.', 'lookup_nonce'],
  ['Write a haiku about the sea.', undefined],
  ['What is the capital of France?', undefined],
  ['Hello!', undefined],
  ['What is 2 + 2? Answer without using any tool.', undefined],
])('%s → %s', (prompt, name) => {
  expect(pickTool(tools, prompt, [])?.name).toBe(name);
});

test('after a call only a tool that is named is called too', () => {
  const prompt = 'How is the weather in Paris? Then call get_time for it.';
  expect(pickTool(tools, prompt, ['get_time'])?.name).toBeUndefined();
  expect(pickTool(tools, 'Use get_weather, then get_time for Paris.', ['get_weather'])?.name).toBe(
    'get_time',
  );
});

test.each([
  ['What is the weather in Paris?', { city: { type: 'string' } }, { city: 'Paris' }],
  ['How is the weather in the town berlin?', { city: { type: 'string' } }, { city: 'town' }],
  ['Look up the key "zx-81/ü".', { key: { type: 'string' } }, { key: 'zx-81/ü' }],
  [
    'Find the status of ticket ABC-123',
    { id: { type: 'string', pattern: '^[A-Z]+-\\d+$' } },
    { id: 'ABC-123' },
  ],
  [
    'Convert 12.5 from EUR to USD',
    { amount: { type: 'number' }, from: { type: 'string' }, to: { type: 'string' } },
    { amount: 12.5, from: 'EUR', to: 'USD' },
  ],
  [
    'Weather in Rome in fahrenheit',
    { city: { type: 'string' }, unit: { enum: ['celsius', 'fahrenheit'] } },
    { city: 'Rome', unit: 'fahrenheit' },
  ],
  ['Order 3 pizzas', { count: { type: 'integer', minimum: 1, maximum: 2 } }, { count: 2 }],
  [
    'Note with the tags red, green and blue',
    { tags: { type: 'array', items: { type: 'string' } } },
    { tags: ['red', 'green', 'blue'] },
  ],
  ['Add 2, 3 and 5', { numbers: { type: 'array', items: { type: 'number' } } }, { numbers: [2, 3, 5] }],
  [
    'Meet Anna at priority 2',
    {
      guest: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
      priority: { type: 'integer' },
    },
    { guest: { name: 'Anna' }, priority: 2 },
  ],
  ['Save this text: Grüße, „Welt“ \\ 日本', { text: { type: 'string' } }, { text: 'Grüße, „Welt“ \\ 日本' }],
  ['Anything', { urgent: { type: 'boolean' }, nothing: { type: 'null' } }, { urgent: true, nothing: null }],
])('%s', (prompt, properties, wanted) => {
  expect(fillArguments({ type: 'object', properties, required: Object.keys(properties) }, prompt)).toEqual(
    wanted,
  );
});

test('an optional argument is left out when the prompt does not speak of it', () => {
  const schema = { type: 'object', properties: { unit: { enum: ['celsius', 'fahrenheit'] } }, required: [] };
  expect(fillArguments(schema, 'Weather in Rome')).toEqual({});
});

test('a tool without parameters gets an empty object', () => {
  expect(fillArguments(undefined, 'Ping!')).toEqual({});
});

test('$ref and anyOf are followed', () => {
  const schema = {
    type: 'object',
    properties: { place: { $ref: '#/$defs/place' }, at: { anyOf: [{ type: 'integer' }, { type: 'null' }] } },
    required: ['place', 'at'],
    $defs: { place: { type: 'string' } },
  };
  expect(fillArguments(schema, 'Trains to Vienna at 9')).toEqual({ place: 'Vienna', at: 9 });
});

function tool(name: string, description: string): Tool {
  return { name, description, parameters: undefined };
}
