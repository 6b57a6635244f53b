package io.dunlin.launcher.bench;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;
import io.dunlin.launcher.report.Readable;
import java.time.Duration;
import java.util.List;

/** A measurement that cannot be made, or that found something wrong. */
public final class BenchException extends DunlinException {
    private static final long serialVersionUID = 1L;

    private static final String COLLECTIVES = "DUN-7";

    private BenchException(String code, String message, String remedy, ExitCode exitCode) {
        super(code, message, remedy, exitCode);
    }

    /** A rank said why it failed; its code is that of the failure, or {@code DUN-212} for a bug of ours. */
    static BenchException rankFailed(int rank, Answer.Failed failure) {
        return new BenchException(
                failure.code().isEmpty() ? "DUN-212" : failure.code(),
                "rank %d: %s".formatted(rank, failure.message()),
                failure.remedy(),
                failure.exitCode());
    }

    /** {@code DUN-212}: a rank's process ended. */
    static BenchException rankEnded(int rank, int status, String lastLines) {
        return new BenchException(
                "DUN-212",
                "the process of rank %d ended with status %d during the measurement%s"
                        .formatted(rank, status, lastLines.isEmpty() ? "" : "; it said:\n" + lastLines),
                "dunlin doctor",
                ExitCode.RANK_FAILED);
    }

    /** {@code DUN-213}: ranks did not answer. */
    static BenchException noAnswer(List<Integer> ranks, String what, Duration limit) {
        return new BenchException(
                "DUN-213",
                "no answer from %s within %d s: %s".formatted(names(ranks), limit.toSeconds(), what),
                "is this machine busy with something else? fewer --ranks or a smaller --max take less time",
                ExitCode.HANG);
    }

    /** {@code DUN-710}: an operation gave wrong results. */
    public static BenchException wrongResults(CollectivesBench.Result result) {
        List<String> rows = result.rows().stream()
                .filter(row -> row.wrong().orElse(0) > 0)
                .map(row -> "%s of %,d bytes".formatted(row.op(), row.bytes()))
                .distinct()
                .toList();
        return new BenchException(
                "DUN-710",
                "%,d wrong elements in %s".formatted(result.wrong(), String.join(", ", rows)),
                "this is a bug in dunlin or a fault of this machine's memory: please report it with the table above",
                ExitCode.BUG);
    }

    /**
     * Looks whether the memory suffices.
     *
     * @throws BenchException {@code DUN-411} if not
     */
    static void requireMemory(int ranks, long bytesOfRank, long availableBytes) {
        if (bytesOfRank > availableBytes / ranks) {
            throw new BenchException(
                    "DUN-411",
                    "%d ranks need %s each for this measurement, and %s are free in all"
                            .formatted(ranks, Readable.memory(bytesOfRank), Readable.memory(availableBytes)),
                    "a smaller --max or fewer --ranks",
                    ExitCode.ENVIRONMENT);
        }
    }

    /** Whether it is about the communication with other ranks, which may have failed because one of those did. */
    boolean aboutOthers() {
        return code().startsWith(COLLECTIVES);
    }

    private static String names(List<Integer> ranks) {
        String numbers = String.join(", ", ranks.stream().map(String::valueOf).toList());
        return (ranks.size() == 1 ? "rank " : "ranks ") + numbers;
    }
}
