/** `[::1]`, as a URL names it, → `::1`, as a socket wants it. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
