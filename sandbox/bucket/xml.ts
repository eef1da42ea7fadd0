/** A node of an answer: text, or children by element name; an array repeats the element, undefined leaves it out. */
export type Xml = string | number | boolean | { readonly [name: string]: Xml | readonly Xml[] | undefined };

export function renderXml(root: string, content: Xml): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, content, ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"')}`;
}

/** `<Error>` has no namespace in S3. */
export function renderError(content: Xml): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('Error', content)}`;
}

function element(name: string, content: Xml, attributes = ''): string {
  if (typeof content !== 'object') return `<${name}${attributes}>${escape(String(content))}</${name}>`;
  const children = Object.entries(content).flatMap(([child, value]) =>
    [value].flat().map((one) => (one === undefined ? '' : element(child, one))),
  );
  return `<${name}${attributes}>${children.join('')}</${name}>`;
}

function escape(text: string): string {
  // A carriage return would be read back as a line feed, so S3 writes it as a reference.
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;');
}

/** The text of every `<name>` element inside `xml`, entities resolved. Enough for the flat bodies that S3 takes. */
export function elements(xml: string, name: string): string[] {
  const found = xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, 'g'));
  return Array.from(found, ([, inner = '']) => inner);
}

export function text(xml: string, name: string): string | undefined {
  const inner = elements(xml, name)[0];
  return inner === undefined ? undefined : unescape(inner);
}

function unescape(value: string): string {
  return value.replace(/&(#x?[0-9a-fA-F]+|\w+);/g, (whole, entity: string) => {
    if (entity.startsWith('#x')) return String.fromCodePoint(Number.parseInt(entity.slice(2), 16));
    if (entity.startsWith('#')) return String.fromCodePoint(Number(entity.slice(1)));
    return entities[entity] ?? whole;
  });
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
