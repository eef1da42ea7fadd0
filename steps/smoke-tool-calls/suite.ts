/** A tool as it goes into the request. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface Call {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** One question, and the one right answer to it. The prompts leave no choice, so that a right answer is right on every try. */
export interface Check {
  readonly name: string;
  /** What passing it shows. */
  readonly shows: string;
  /** A model that fails it is rolled back; the others are capabilities, and not every vLLM has them. */
  readonly gate: boolean;
  readonly prompt: string;
  readonly tools: readonly Tool[];
  readonly choice?: 'auto' | 'none' | 'required' | 'named';
  /** Sends the tools with `strict: true`. */
  readonly strict?: boolean;
  readonly stream?: boolean;
  /** The call that must come, with exactly these arguments; without it, no call may come. */
  readonly call?: Call;
  /** A word that the answer must hold; with `call`, the answer of the second turn. `nonce` is what only the tool's result says. */
  readonly says?: 'nonce' | (string & {});
}

const orderStatus: Tool = {
  name: 'get_order_status',
  description: 'Look up the status of an order',
  parameters: {
    type: 'object',
    properties: {
      order_id: { type: 'string', pattern: '^[A-Z][0-9]{4}$', description: 'Order id, such as B2077' },
      detail: { type: 'string', enum: ['short', 'full'], description: 'How much detail to give' },
    },
    required: ['order_id', 'detail'],
    additionalProperties: false,
  },
};

const weather: Tool = {
  name: 'get_weather',
  description: 'Get the current weather of a city',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
};

const pallets: Tool = {
  name: 'reserve_pallets',
  description: 'Reserve pallets in a warehouse',
  parameters: {
    type: 'object',
    properties: {
      warehouse: {
        type: 'object',
        properties: { city: { type: 'string' }, dock: { type: 'integer', minimum: 1 } },
        required: ['city', 'dock'],
        additionalProperties: false,
      },
      colors: { type: 'array', items: { type: 'string', enum: ['red', 'green', 'blue'] }, minItems: 1 },
    },
    required: ['warehouse', 'colors'],
    additionalProperties: false,
  },
};

const order = {
  prompt: 'Look up the status of order A1042, with full detail.',
  tools: [weather, orderStatus],
  call: { name: 'get_order_status', arguments: { order_id: 'A1042', detail: 'full' } },
} as const;

const result = {
  ...order,
  prompt: `${order.prompt} Then tell me its tracking code.`,
  says: 'nonce',
} as const;

export const suite: readonly Check[] = [
  {
    name: 'chat',
    shows: 'the model says what it is told to say',
    gate: true,
    prompt: 'Answer with the one word: pomegranate',
    tools: [],
    says: 'pomegranate',
  },
  {
    name: 'tool-call',
    shows: 'it calls the right one of two tools, with the right arguments',
    gate: true,
    ...order,
  },
  { name: 'tool-call-streamed', shows: 'the same call, delta by delta', gate: true, stream: true, ...order },
  { name: 'tool-result', shows: 'it uses what the tool returned', gate: true, ...result },
  { name: 'tool-result-streamed', shows: 'the same, delta by delta', gate: true, stream: true, ...result },
  {
    name: 'nested-arguments',
    shows: 'objects, numbers and lists arrive as such',
    gate: false,
    prompt: 'Reserve pallets in the warehouse in the city "Oslo", dock 7, in the colors red and blue.',
    tools: [pallets],
    call: {
      name: 'reserve_pallets',
      arguments: { warehouse: { city: 'Oslo', dock: 7 }, colors: ['red', 'blue'] },
    },
  },
  {
    name: 'no-needless-call',
    shows: 'it leaves tools alone that it does not need',
    gate: false,
    prompt: 'Answer with the one word: pomegranate',
    tools: order.tools,
    says: 'pomegranate',
  },
  {
    name: 'choice-none',
    shows: 'tool_choice none keeps it from calling',
    gate: false,
    choice: 'none',
    prompt: order.prompt,
    tools: order.tools,
  },
  {
    name: 'choice-required',
    shows: 'tool_choice required makes it call',
    gate: false,
    choice: 'required',
    ...order,
  },
  { name: 'choice-named', shows: 'a named tool is the one it calls', gate: false, choice: 'named', ...order },
  { name: 'strict', shows: 'strict tools are held to their schema', gate: false, strict: true, ...order },
];
