import { describe, expect, test } from 'vitest';
import { explainNetwork } from '../../../../steps/lib/network/failure.ts';

const coded = (code: string, more: object = {}) =>
  Object.assign(new Error(`it was ${code}`), { code, ...more });

/** As Node words it where a request waits for the handshake. */
const brokenHandshake = (reason: string) =>
  Object.assign(
    new Error(`write EPROTO 40:error:0A000438:SSL routines:ssl3_read_bytes:${reason}:rec_layer_s3.c:918:\n`),
    { code: 'EPROTO' },
  );

describe('a connection that failed', () => {
  test.each([
    ['ENOTFOUND', true, 'hub.example has no address here (DNS)'],
    ['EAI_AGAIN', true, 'hub.example has no address here (DNS)'],
    ['ECONNREFUSED', true, 'hub.example refuses the connection'],
    ['ECONNRESET', true, 'hub.example ended the connection'],
    ['EPIPE', true, 'hub.example ended the connection'],
    ['ETIMEDOUT', true, 'hub.example does not answer'],
    ['EHOSTUNREACH', true, 'hub.example cannot be reached from here'],
    ['HPE_INVALID_CONSTANT', true, 'hub.example does not speak HTTP'],
    [
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      false,
      'hub.example shows a certificate of an authority that nobody here trusts',
    ],
    ['CERT_HAS_EXPIRED', false, 'the certificate of hub.example has expired'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', false, 'the certificate of hub.example is for another name'],
    ['EPROTO', true, 'hub.example broke off TLS'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', false, 'hub.example does not speak TLS as we do'],
    ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', false, 'hub.example does not speak TLS as we do'],
    ['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', true, 'hub.example broke off TLS'],
    ['ERR_PROXY_TUNNEL', true, 'the proxy opens no tunnel to hub.example'],
  ])('%s: again %s, %s', (code, transient, headline) => {
    const explained = explainNetwork(coded(code), 'hub.example');
    expect(explained).toMatchObject({
      transient,
      error: {
        failure: transient ? 'unavailable' : 'refused',
        message: headline,
        evidence: [`${code}: it was ${code} (connecting to hub.example)`],
      },
    });
    expect(explained?.error.hint).not.toBe('');
  });

  test.each([
    [407, false, 'the proxy asks for a name and a password before it goes to hub.example'],
    [403, false, 'the proxy forbids hub.example'],
    [503, true, 'the proxy opens no tunnel to hub.example'],
  ])('a proxy that answers CONNECT with %i', (statusCode, transient, message) => {
    const explained = explainNetwork(coded('ERR_PROXY_TUNNEL', { statusCode }), 'hub.example');
    expect(explained).toMatchObject({ transient, error: { message } });
  });

  test.each([
    ['tlsv1 alert internal error', true],
    ['ssl/tls alert bad record mac', true],
    ['ssl/tls alert handshake failure', false],
    ['wrong version number', false],
  ])('EPROTO goes by the reason of OpenSSL: again after "%s": %s', (reason, transient) => {
    const thrown = brokenHandshake(reason);
    expect(explainNetwork(thrown, 'hub.example')).toMatchObject({ transient });
  });

  test('is found below "fetch failed" and among the tries of several addresses', () => {
    const inner = new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')], '');
    const outer = new TypeError('fetch failed', { cause: inner });
    expect(explainNetwork(outer, 'hub.example')?.error.message).toBe('hub.example refuses the connection');
  });

  test.each([new Error('mine'), coded('ERR_INVALID_ARG_TYPE'), coded('valueOf'), 'text', undefined])(
    '%s is not of the network',
    (thrown) => {
      expect(explainNetwork(thrown, 'hub.example')).toBeUndefined();
    },
  );
});
