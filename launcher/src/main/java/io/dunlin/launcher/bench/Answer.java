package io.dunlin.launcher.bench;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;
import java.util.Arrays;

/** What one member says to an {@link Order}. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "answer")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Answer.Joined.class, name = "joined"),
    @JsonSubTypes.Type(value = Answer.Timed.class, name = "timed"),
    @JsonSubTypes.Type(value = Answer.Idle.class, name = "idle"),
    @JsonSubTypes.Type(value = Answer.Checked.class, name = "checked"),
    @JsonSubTypes.Type(value = Answer.Copied.class, name = "copied"),
    @JsonSubTypes.Type(value = Answer.Failed.class, name = "failed")
})
sealed interface Answer {

    /** It has met all others. */
    record Joined() implements Answer {}

    /** Times of what was done again and again. */
    record Timed(double p50Ns, double p99Ns) implements Answer {
        /** Of all times, in any order. */
        static Timed of(double[] timesNs) {
            double[] sorted = timesNs.clone();
            Arrays.sort(sorted);
            return new Timed(quantile(sorted, 0.5), quantile(sorted, 0.99));
        }

        /** The smallest that is not exceeded by a share of all. */
        private static double quantile(double[] sorted, double share) {
            return sorted[(int) Math.ceil(share * sorted.length) - 1];
        }
    }

    /** It had nothing to do. */
    record Idle() implements Answer {}

    /** Elements that are not what they must be. */
    record Checked(long wrong) implements Answer {}

    /** The median speed of its copies. */
    record Copied(double bytesPerSecond) implements Answer {}

    /** It could not, and will do nothing more. The code is empty for a bug of ours. */
    record Failed(String code, String message, String remedy, ExitCode exitCode) implements Answer {
        static Failed of(RuntimeException failure) {
            return failure instanceof DunlinException known
                    ? new Failed(known.code(), String.valueOf(known.getMessage()), known.remedy(), known.exitCode())
                    : new Failed("", failure.toString(), "", ExitCode.BUG);
        }
    }
}
