/** Bytes of the length field at a safetensors file's start (little endian), before the JSON header. */
export const lengthField = 8;

/** The format allows headers of 100 MB; real ones have some hundred kB, and we hold one in memory. */
export const headerLimit = 32 * 2 ** 20;

/** Bytes of the JSON header, or why the file cannot be one. */
export function headerLength(field: Buffer, fileSize: number): number | string {
  if (field.length < lengthField) return `has ${fileSize} bytes, too few for a safetensors header`;
  const length = field.readBigUInt64LE(0);
  if (length > BigInt(headerLimit)) return `says that its header has ${length} bytes`;
  if (Number(length) + lengthField > fileSize)
    return `says that its header has ${length} bytes, the file has ${fileSize}`;
  return Number(length);
}

/** What is wrong with the header of a file of `fileSize` bytes: the tensors must fill what follows it, each byte once. */
export function judgeHeader(header: Buffer, fileSize: number): string | undefined {
  const tensors = parseTensors(header);
  if (!tensors) return 'has no readable safetensors header';
  const space = fileSize - lengthField - header.length;
  let at = 0;
  for (const { name, begin, end } of tensors.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at || end < begin) return `has a gap or an overlap before tensor ${JSON.stringify(name)}`;
    at = end;
  }
  return at === space ? undefined : `has ${space} bytes of tensors, its header says ${at}`;
}

interface Tensor {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

function parseTensors(header: Buffer): Tensor[] | undefined {
  let body: unknown;
  try {
    body = JSON.parse(header.toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof body !== 'object' || body === null) return undefined;
  const tensors = Object.entries(body)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => ({ name, ...offsets(value) }));
  return tensors.every((tensor): tensor is Tensor => tensor.begin !== undefined) ? tensors : undefined;
}

function offsets(value: unknown): { begin: number; end: number } | { begin?: never } {
  const pair: unknown =
    typeof value === 'object' && value !== null && 'data_offsets' in value ? value.data_offsets : [];
  const [begin, end] = Array.isArray(pair) ? (pair as unknown[]) : [];
  return Number.isSafeInteger(begin) && Number.isSafeInteger(end)
    ? { begin: begin as number, end: end as number }
    : {};
}
