package io.dunlin.launcher.agent;

import io.dunlin.launcher.job.LaunchSettings;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/** Chooses the UDP ports of ranks: those after {@code launch.port}, or any free ones. */
final class Ports {
    private static final String LOOPBACK = "127.0.0.1";

    private Ports() {}

    /**
     * {@code address:port} of each rank.
     *
     * @throws LaunchException if a port is taken
     */
    static List<String> endpoints(LaunchSettings launch) {
        List<DatagramSocket> probes = new ArrayList<>();
        try {
            for (int rank = 0; rank < launch.ranks(); rank++) {
                // All are held until the last is chosen, so that no two are the same.
                probes.add(probe(launch.port() == 0 ? 0 : launch.port() + 1 + rank));
            }
            return probes.stream()
                    .map(probe -> LOOPBACK + ":" + probe.getLocalPort())
                    .toList();
        } finally {
            probes.forEach(DatagramSocket::close);
        }
    }

    private static DatagramSocket probe(int port) {
        try {
            return new DatagramSocket(new InetSocketAddress(LOOPBACK, port));
        } catch (IOException e) {
            throw LaunchException.portTaken(LOOPBACK, port, e);
        }
    }
}
