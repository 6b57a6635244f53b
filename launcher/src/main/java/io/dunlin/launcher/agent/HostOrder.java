package io.dunlin.launcher.agent;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.dunlin.launcher.report.RunFolder;
import io.dunlin.launcher.worker.Command;
import io.dunlin.launcher.worker.LaunchSpec;
import java.nio.file.Path;
import java.util.List;

/**
 * What an agent tells its {@link FarHost}: one line of JSON each through the remote shell, {@link Open} first. The end of
 * the stream means that the run is over or the agent gone: the host ends its ranks and leaves.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "order")
@JsonSubTypes({
    @JsonSubTypes.Type(value = HostOrder.Open.class, name = "open"),
    @JsonSubTypes.Type(value = HostOrder.Start.class, name = "start"),
    @JsonSubTypes.Type(value = HostOrder.Tell.class, name = "tell"),
    @JsonSubTypes.Type(value = HostOrder.Kill.class, name = "kill"),
    @JsonSubTypes.Type(value = HostOrder.Look.class, name = "look")
})
sealed interface HostOrder {
    /**
     * Make ready for ranks.
     *
     * @param streamsName of the folder of the host's media driver
     * @param streamsParent folder in shared memory that it is made in
     * @param runFolder which this host must see too
     * @param proof content of the file in the run folder that shows it
     * @param address of this host for streams from others
     * @param ports wanted, one for each rank here; 0 for any
     * @param ranks in the world
     */
    record Open(
            String streamsName,
            Path streamsParent,
            Path runFolder,
            String proof,
            String address,
            List<Integer> ports,
            int ranks)
            implements HostOrder {
        public Open {
            ports = List.copyOf(ports);
        }

        /** The file that proves that two hosts see one run folder. */
        static Path proofIn(RunFolder folder) {
            return folder.root().resolve(".hosts");
        }
    }

    /** Start a rank; the host fills in where its media driver is. */
    record Start(LaunchSpec spec) implements HostOrder {}

    /** Pass a command on. */
    record Tell(RankId to, Command command) implements HostOrder {}

    /** End a rank without asking it. */
    record Kill(RankId rank) implements HostOrder {}

    /** Say what the operating system says about a rank. */
    record Look(RankId rank) implements HostOrder {}

    /** A rank of one generation. */
    record RankId(long generation, int rank) {
        static RankId of(LaunchSpec spec) {
            return new RankId(spec.generation(), spec.rank());
        }
    }
}
