/** Progress bars on standard error, for people: nothing where nobody watches a terminal. */
import cliProgress from "cli-progress";

export type Bar = {
  readonly set: (done: number, of: number) => void;
  readonly step: () => void;
  readonly done: () => void;
};

export function barOf(label: string, total: number): Bar {
  const bar = new cliProgress.SingleBar({
    format: `${label} {bar} {percentage} %`,
    stream: process.stderr,
    noTTYOutput: false,
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(total, 0);
  return {
    set: (done, of) => {
      bar.setTotal(of);
      bar.update(done);
    },
    step: () => bar.increment(),
    done: () => bar.stop(),
  };
}
