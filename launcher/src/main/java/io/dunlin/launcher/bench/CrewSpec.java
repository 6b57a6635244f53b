package io.dunlin.launcher.bench;

import io.dunlin.collectives.algorithm.AlgorithmTable;
import java.nio.file.Path;
import java.util.List;

/**
 * All that a process of a measurement needs to know, as one line of JSON on its standard input.
 *
 * @param transport that connects the members; of {@link BenchTransport#LOOPBACK} all are in this process
 * @param run names the measurement; part of the transport's streams
 * @param ranks in all
 * @param rank of this process
 * @param folder in shared memory, of this measurement alone
 * @param endpoints {@code address:port} of each rank for UDP; empty for other transports
 * @param largestBytes of an operation
 * @param algorithm label of a {@link BenchAlgorithm}
 */
record CrewSpec(
        BenchTransport transport,
        String run,
        int ranks,
        int rank,
        Path folder,
        List<String> endpoints,
        long largestBytes,
        String algorithm) {
    /** Copies the list. */
    CrewSpec {
        endpoints = List.copyOf(endpoints);
    }

    /** This specification for another process. */
    CrewSpec forRank(int number) {
        return new CrewSpec(transport, run, ranks, number, folder, endpoints, largestBytes, algorithm);
    }

    /** What members choose algorithms by. */
    AlgorithmTable table() {
        return BenchAlgorithm.labelled(algorithm).orElseThrow().table(ranks);
    }
}
