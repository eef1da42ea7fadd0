/** Who a token belongs to, as a TokenReview tells. */
export interface User {
  readonly username: string;
  readonly groups?: readonly string[];
  readonly uid?: string;
}

/** The two questions that OpenShift AI's proxy asks the API server before it lets a request through. */
export interface Reviews {
  /** TokenReview: undefined for a token that nobody issued, or that has expired. */
  reviewToken(token: string): Promise<User | undefined>;
  /** SubjectAccessReview: may that user `get` the InferenceService that is served? */
  mayGet(user: User): Promise<boolean>;
}

export interface Denial {
  readonly status: 401 | 403;
  readonly text: string;
}

/** Decides as kube-rbac-proxy does, in its words; undefined lets the request through. */
export async function deny(authorization: string | undefined, reviews: Reviews): Promise<Denial | undefined> {
  const token = /^Bearer ([^\s]+)$/.exec(authorization ?? '')?.[1];
  const user = token === undefined ? undefined : await reviews.reviewToken(token);
  if (user === undefined) return { status: 401, text: 'Unauthorized\n' };
  if (await reviews.mayGet(user)) return undefined;
  return {
    status: 403,
    text: `Forbidden (user=${user.username}, verb=get, resource=inferenceservices, subresource=)\n`,
  };
}
