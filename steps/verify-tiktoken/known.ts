/** Texts and the ids that o200k_base gives them, made with another project's tokenizer (gpt-tokenizer). */
export const knownEncodings: readonly { readonly text: string; readonly ids: readonly number[] }[] = [
  { text: 'Hello, world!', ids: [13225, 11, 2375, 0] },
  {
    text: 'You are ChatGPT, a large language model.',
    ids: [3575, 553, 17554, 162016, 11, 261, 4410, 6439, 2359, 13],
  },
  {
    text: "It's 2026: they've got 12345 tokens",
    ids: [15834, 220, 1323, 21, 25, 51676, 3508, 220, 7633, 2548, 20290],
  },
  {
    text: 'def main():\n    return {"a": [1, 2]}\n',
    ids: [1314, 2758, 8595, 271, 622, 10494, 64, 1243, 723, 16, 11, 220, 17, 55354],
  },
  { text: 'Grüße aus Köln', ids: [3193, 572, 13153, 3976, 85686] },
  { text: '東京の天気は？', ids: [108713, 3385, 867, 25717, 5205, 4802] },
  { text: '🦜🔗 naïve café\t\r\n\n', ids: [4103, 99, 250, 51843, 245, 153475, 737, 30469, 197, 46865] },
];
