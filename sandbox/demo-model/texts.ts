/** The small files of a repository shaped like openai/gpt-oss-20b; the words are ours. */
export function smallTexts(index: string): Record<string, string> {
  return {
    '.gitattributes':
      '*.safetensors filter=lfs diff=lfs merge=lfs -text\n*.bin filter=lfs diff=lfs merge=lfs -text\n',
    'README.md': readme,
    LICENSE:
      'Apache License, Version 2.0, January 2004: the text is at https://www.apache.org/licenses/LICENSE-2.0\n',
    USAGE_POLICY: 'Use it for the demonstration of a roll-out.\n',
    'chat_template.jinja': chatTemplate,
    'config.json': json(config),
    'generation_config.json': json(generation),
    'model.safetensors.index.json': index,
    'special_tokens_map.json': json({
      bos_token: '<|startoftext|>',
      eos_token: '<|return|>',
      pad_token: '<|endoftext|>',
    }),
    'tokenizer_config.json': json({ tokenizer_class: 'PreTrainedTokenizerFast', model_max_length: 131072 }),
    'original/config.json': json({ num_hidden_layers: 12, num_experts: 32, experts_per_token: 4 }),
    'original/dtypes.json': json({ 'embedding.weight': 'BF16' }),
  };
}

/** What a later commit changed: words and settings, no weights. */
export function laterTexts(): Record<string, string> {
  return {
    'README.md': `${readme}\n## Changes\nThe chat template names the tools one by one.\n`,
    'chat_template.jinja': chatTemplate.replace('# Tools', '# Tools, one by one'),
    'generation_config.json': json({ ...generation, max_new_tokens: 4096 }),
  };
}

/** A tokenizer of the right form; its words are numbers. */
export function tokenizer(): Buffer {
  const vocab = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`w${n}`, n]));
  return Buffer.from(JSON.stringify({ version: '1.0', model: { type: 'BPE', vocab, merges: [] } }));
}

const readme = `---
license: apache-2.0
pipeline_tag: text-generation
library_name: transformers
---
# A model for demonstrations
It has the shape of gpt-oss-20b: three shards, and two more copies of the weights that nobody serves.
`;

const chatTemplate = `{%- if tools %}
# Tools
{%- for tool in tools %}
{{ tool.function.name }}: {{ tool.function.description }}
{%- endfor %}
{%- endif %}
{%- for message in messages %}
<|start|>{{ message.role }}<|message|>{{ message.content }}<|end|>
{%- endfor %}
`;

const config = {
  architectures: ['GptOssForCausalLM'],
  model_type: 'gpt_oss',
  hidden_size: 2880,
  num_hidden_layers: 12,
  num_local_experts: 32,
  num_experts_per_tok: 4,
  num_attention_heads: 64,
  num_key_value_heads: 8,
  max_position_embeddings: 131072,
  vocab_size: 201088,
  eos_token_id: 200002,
  pad_token_id: 199999,
  torch_dtype: 'bfloat16',
  quantization_config: {
    quant_method: 'mxfp4',
    modules_to_not_convert: ['model.layers.*.self_attn', 'lm_head'],
  },
};

const generation = {
  bos_token_id: 199998,
  do_sample: true,
  eos_token_id: [200002, 199999, 200012],
  pad_token_id: 199999,
};

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
