/** What a page's requests carry: nothing on the coordinator's site; at a desk the session that its address opened. */
let session: string | null = null;

/** From now on, in this page or worker. */
export const carry = (given: string | null): void => {
  session = given;
};
export const sessionNow = (): string | null => session;

export function authorized(url: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (session !== null) headers.set("authorization", `Bearer ${session}`);
  return fetch(url, { ...init, headers });
}
