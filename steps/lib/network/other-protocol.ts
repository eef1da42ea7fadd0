/** Codes of OpenSSL and of Node's HTTP parser: who speaks another protocol will speak it again. Other codes of theirs may be one damaged record. */
export const otherProtocol: ReadonlySet<string> = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  'HPE_INVALID_CONSTANT',
]);
