package io.dunlin.launcher.agent;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/** Chooses the UDP ports of the ranks on this host. */
final class Ports {
    static final int ANY = 0;

    private Ports() {}

    /**
     * Ports that are free now.
     *
     * @param address of this host
     * @param wanted one for each rank; {@link #ANY} takes one that is free
     * @throws LaunchException if a port is taken, or the address is not this host's
     */
    static List<Integer> choose(String address, List<Integer> wanted) {
        List<DatagramSocket> probes = new ArrayList<>();
        try {
            for (int port : wanted) {
                // All are held until the last is chosen, so that no two are the same.
                probes.add(probe(address, port));
            }
            return probes.stream().map(DatagramSocket::getLocalPort).toList();
        } finally {
            probes.forEach(DatagramSocket::close);
        }
    }

    private static DatagramSocket probe(String address, int port) {
        try {
            return new DatagramSocket(new InetSocketAddress(address, port));
        } catch (IOException e) {
            throw port == ANY
                    ? LaunchException.foreignAddress(address, e)
                    : LaunchException.portTaken(address, port, e);
        }
    }
}
