/** What the tests use of a library that brings no types. */
declare module "jsonstat-toolkit" {
  type Read = {
    readonly class: string;
    readonly n: number;
    readonly role: Readonly<Record<string, readonly string[]>>;
    readonly Data: (place: Readonly<Record<string, string>>) => unknown;
  };
  export default function JSONstat(value: object): Read;
}
