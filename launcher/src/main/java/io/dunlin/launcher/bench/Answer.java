package io.dunlin.launcher.bench;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;

/** What one member says to an {@link Order}. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "answer")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Answer.Joined.class, name = "joined"),
    @JsonSubTypes.Type(value = Answer.Timed.class, name = "timed"),
    @JsonSubTypes.Type(value = Answer.Checked.class, name = "checked"),
    @JsonSubTypes.Type(value = Answer.Copied.class, name = "copied"),
    @JsonSubTypes.Type(value = Answer.Failed.class, name = "failed")
})
sealed interface Answer {

    /** It has met all others. */
    record Joined() implements Answer {}

    /** Times of an operation, each that of the member who took longest; the same on all members. */
    record Timed(double p50Ns, double p99Ns) implements Answer {}

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
