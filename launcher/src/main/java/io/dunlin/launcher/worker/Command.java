package io.dunlin.launcher.worker;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/**
 * What an agent tells a rank: one line of JSON each on the rank's standard input, after the {@link LaunchSpec}. The end
 * of the stream means that the agent is gone: the rank leaves at once.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "command")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Command.Go.class, name = "go"),
    @JsonSubTypes.Type(value = Command.Stop.class, name = "stop"),
    @JsonSubTypes.Type(value = Command.Save.class, name = "save"),
    @JsonSubTypes.Type(value = Command.Commit.class, name = "commit"),
    @JsonSubTypes.Type(value = Command.Abort.class, name = "abort"),
    @JsonSubTypes.Type(value = Command.Dump.class, name = "dump")
})
public sealed interface Command {
    /** The generation is live: train. */
    record Go() implements Command {}

    /** Finish the step, save, leave. */
    record Stop() implements Command {}

    /** Save after this step and go on. */
    record Save() implements Command {}

    /** Make the checkpoint of {@code step} visible; without it a rank must not. */
    record Commit(long generation, long step) implements Command {}

    /** Give up: fail every pending collective with {@code cause} and leave. */
    record Abort(String cause) implements Command {}

    /** Write the stack of every thread to the log. */
    record Dump() implements Command {}
}
