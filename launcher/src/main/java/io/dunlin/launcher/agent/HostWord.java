package io.dunlin.launcher.agent;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.dunlin.collectives.transport.HostNetwork;
import io.dunlin.launcher.agent.HostOrder.RankId;
import io.dunlin.launcher.report.Report;
import java.util.List;

/** What a {@link FarHost} tells its agent: one line of JSON each through the remote shell. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "word")
@JsonSubTypes({
    @JsonSubTypes.Type(value = HostWord.Ready.class, name = "ready"),
    @JsonSubTypes.Type(value = HostWord.Refused.class, name = "refused"),
    @JsonSubTypes.Type(value = HostWord.Started.class, name = "started"),
    @JsonSubTypes.Type(value = HostWord.NotStarted.class, name = "not-started"),
    @JsonSubTypes.Type(value = HostWord.Said.class, name = "said"),
    @JsonSubTypes.Type(value = HostWord.Exited.class, name = "exited"),
    @JsonSubTypes.Type(value = HostWord.State.class, name = "state")
})
sealed interface HostWord {
    /** The media driver is up, ports are chosen, the run folder is there. */
    record Ready(int cores, List<Integer> ports, HostNetwork network) implements HostWord {
        public Ready {
            ports = List.copyOf(ports);
        }
    }

    /** This host cannot take part; its last word. */
    record Refused(String code, String message, String remedy) implements HostWord {}

    /** A rank's process runs. */
    record Started(RankId rank, long pid) implements HostWord {}

    /** A rank's process could not be started. */
    record NotStarted(RankId rank, String why) implements HostWord {}

    /** A rank has said something. */
    record Said(RankId rank, Report report) implements HostWord {}

    /** A rank's process has ended and all that it said has been passed on. */
    record Exited(RankId rank, int status) implements HostWord {}

    /** What the operating system says about a rank. */
    record State(RankId rank, String state) implements HostWord {}
}
