/** In the place of the SDK's own search for keys (environment, profiles, SSO, instance metadata), in the bundles: a step has a Secret. */
export function defaultProvider(): () => Promise<never> {
  return () => Promise.reject(new Error('a bucket is only asked with the keys of its Secret'));
}
