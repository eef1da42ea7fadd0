/** Codes of OpenSSL and of Node's HTTP parser: who speaks another protocol will speak it again. Other codes of theirs may be one damaged record. */
export const otherProtocol: ReadonlySet<string> = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
  'HPE_INVALID_CONSTANT',
]);

/**
 * What a connection's error is called. A handshake that fails while a request waits to be written is EPROTO, whatever
 * OpenSSL had to say, and its reason stands in the message alone: it gets the name it has elsewhere.
 */
export function codeOfConnection({ code, message }: { readonly code: string; readonly message: string }) {
  const reason = code === 'EPROTO' && /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/i.exec(message)?.[1];
  return reason ? `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}` : code;
}
