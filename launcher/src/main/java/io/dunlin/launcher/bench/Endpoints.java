package io.dunlin.launcher.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/** Free UDP ports of the loopback address. */
final class Endpoints {
    private static final String LOOPBACK = "127.0.0.1";

    private Endpoints() {}

    /** {@code address:port} of each rank. */
    static List<String> free(int ranks) {
        List<DatagramSocket> probes = new ArrayList<>();
        try {
            for (int rank = 0; rank < ranks; rank++) {
                // All are held until the last is chosen, so that no two are the same.
                probes.add(new DatagramSocket(new InetSocketAddress(LOOPBACK, 0)));
            }
            return probes.stream()
                    .map(probe -> LOOPBACK + ":" + probe.getLocalPort())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("no free UDP port on " + LOOPBACK, e);
        } finally {
            probes.forEach(DatagramSocket::close);
        }
    }
}
