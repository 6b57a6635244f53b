package io.dunlin.launcher.worker;

import io.dunlin.collectives.transport.RankAddress;
import io.dunlin.launcher.place.Placement;
import io.dunlin.launcher.place.Seat;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * All that a rank process needs to know, as one line of JSON on its standard input; the command line carries nothing.
 *
 * @param runId names the run; part of the transport's streams
 * @param runFolder absolute
 * @param job the resolved job file's text, the same on every rank of a generation
 * @param rank this one
 * @param ranks in the world
 * @param generation of the world; a rank of an older one can neither send nor commit
 * @param memberHash of this generation, to be said back when the rank is ready
 * @param aeronDir of the host's media driver; empty for one rank
 * @param network how ranks reach each other
 * @param threads compute threads of this rank
 * @param data token files, found or prepared by the agent
 * @param start where training begins
 */
public record LaunchSpec(
        String runId,
        Path runFolder,
        String job,
        int rank,
        int ranks,
        long generation,
        String memberHash,
        String aeronDir,
        Network network,
        int threads,
        DataFiles data,
        Start start) {
    /**
     * How ranks reach each other.
     *
     * @param addresses of all ranks; empty for one
     * @param datagramBytes largest datagram between hosts; 0 for what the interface carries
     */
    public record Network(List<RankAddress> addresses, int datagramBytes) {
        /** Nobody to reach. */
        public static final Network NONE = new Network(List.of(), 0);

        /** Copies the list. */
        public Network {
            addresses = List.copyOf(addresses);
        }
    }

    /**
     * Token files.
     *
     * @param train in order
     * @param validate in order; empty if there is nothing to validate on
     */
    public record DataFiles(List<Path> train, List<Path> validate) {
        /** Nothing yet. */
        public static final DataFiles NONE = new DataFiles(List.of(), List.of());

        /** Copies the lists. */
        public DataFiles {
            train = List.copyOf(train);
            validate = List.copyOf(validate);
        }
    }

    /** This rank among those of its host. */
    public Seat seat() {
        List<RankAddress> addresses = network.addresses();
        if (addresses.isEmpty()) {
            return new Seat(rank, List.of(rank), threads);
        }
        String host = addresses.get(rank).host();
        List<Integer> here = IntStream.range(0, addresses.size())
                .filter(other -> addresses.get(other).host().equals(host))
                .boxed()
                .toList();
        return new Seat(rank, here, threads);
    }

    /** This specification for one rank of one generation. */
    public LaunchSpec forRank(Placement placement, int number, long ofGeneration, Start from) {
        return new LaunchSpec(
                runId,
                runFolder,
                job,
                number,
                placement.ranks(),
                ofGeneration,
                placement.memberHash(runId, ofGeneration),
                aeronDir,
                network,
                placement.places().get(number).threads(),
                data,
                from);
    }

    /** This specification with the media driver of the host that the rank is on. */
    public LaunchSpec withAeronDir(String onThatHost) {
        return new LaunchSpec(
                runId, runFolder, job, rank, ranks, generation, memberHash, onThatHost, network, threads, data, start);
    }

    /**
     * Where training begins.
     *
     * @param kind which
     * @param step of the checkpoint, for {@link Kind#STEP}
     */
    public record Start(Kind kind, long step) {
        /** From initial weights. */
        public static final Start SCRATCH = new Start(Kind.SCRATCH, 0);

        /** From the newest complete checkpoint; from initial weights if there is none. */
        public static final Start NEWEST = new Start(Kind.NEWEST, 0);

        /** From the checkpoint of one step. */
        public static Start at(long step) {
            return new Start(Kind.STEP, step);
        }
    }

    /** Where training may begin. */
    public enum Kind {
        SCRATCH,
        NEWEST,
        STEP
    }
}
