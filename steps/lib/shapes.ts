/** `owner/name` as the Hub allows it: never `..`, never `.git` at its end, and never `--`, so that `owner--name` is one folder name for one repository. */
export const modelId = {
  pattern: '(?!.*(?:\\.\\.|--|\\.git$))[A-Za-z0-9][A-Za-z0-9._\\-]{0,95}\\/[A-Za-z0-9][A-Za-z0-9._\\-]{0,95}',
  shape: 'an owner/name without scheme, such as openai/gpt-oss-20b',
  maxLength: 193,
} as const;

/** A branch, a tag or a commit as git allows it. */
export const revision = {
  pattern: '(?!.*(?:\\.\\.|\\/\\/|\\/$|\\.lock$))[A-Za-z0-9][A-Za-z0-9._\\/\\-]{0,199}',
  shape: 'a branch, a tag or a commit, such as main',
} as const;

/** A folder of a bucket, without slashes at its ends. */
export const folder = {
  pattern: '(?!(?:.*\\/)?\\.{1,2}(?:\\/|$))[A-Za-z0-9._\\-]+(?:\\/[A-Za-z0-9._\\-]+)*',
  shape: 'a folder such as models/openai, without slashes at its ends, without . and ..',
  maxLength: 300,
} as const;

/** A folder of a bucket with its trailing slash: KServe lists by bare string prefix, and without the slash it also finds the neighbours. */
export const prefix = {
  pattern: `${folder.pattern}\\/`,
  shape:
    'a folder that ends in a slash, such as models/openai/gpt-oss-20b/6cee5e81ee83917806bbde320786a8fb61efebee/',
  maxLength: 400,
} as const;

/** Address of a model server; nothing in it that a shell would read as more than a word, since hints quote it. */
export const modelUrl = {
  pattern: 'https?:\\/\\/[A-Za-z0-9.\\-]+(?::[0-9]{1,5})?(?:\\/[A-Za-z0-9._~\\-]+)*\\/?',
  shape: 'an http or https address without account and query, such as https://model.example.com',
  maxLength: 300,
} as const;

/** Name of a namespace, ServiceAccount or Secret (RFC 1123 label). */
export const objectName = {
  pattern: '[a-z0-9](?:[\\-a-z0-9]{0,61}[a-z0-9])?',
  shape: 'a name of at most 63 of a-z, 0-9 and -, no - at its ends',
} as const;

/** Name of any other object, such as a PipelineRun or a ServingRuntime (RFC 1123 subdomain). */
export const resourceName = {
  pattern: '[a-z0-9](?:[\\-a-z0-9.]*[a-z0-9])?',
  shape: 'a name of at most 253 of a-z, 0-9, - and ., no - or . at its ends',
  maxLength: 253,
} as const;

/** Where a server of the network answers: the Hub, a mirror, a listener. */
export const address = {
  pattern: 'https?:\\/\\/[^\\s\\/?#@]+(?:\\/[^\\s?#]*)?',
  shape: 'an http or https address without user, query or fragment',
} as const;

/** Where a model comes from. A path is taken as it is written, so that no character of it can mean another. */
export const source = {
  pattern: `hf:\\/\\/|file:\\/\\/(?!.*\\/\\.{1,2}(?:\\/|$))(?:\\/[A-Za-z0-9._@+=,~\\-]+)+\\/?|s3:\\/\\/[A-Za-z0-9][A-Za-z0-9._\\-]{1,254}(?:\\/(?:${folder.pattern}\\/?)?)?`,
  shape:
    'hf://, a folder such as file:///workspace/model, or a prefix such as s3://bucket/models/gpt-oss-20b/',
  maxLength: 600,
} as const;
