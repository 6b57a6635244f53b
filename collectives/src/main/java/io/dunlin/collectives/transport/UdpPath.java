package io.dunlin.collectives.transport;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the network of this host allows for datagrams.
 *
 * @param frameBytes largest datagram that the interface carries in one piece
 * @param socketBytes size of socket buffers that the kernel grants
 */
record UdpPath(int frameBytes, int socketBytes) {
    private static final int IP_AND_UDP_HEADER_BYTES = 28;
    private static final int LARGEST_FRAME_BYTES = 65_504;
    private static final int SAFE_FRAME_BYTES = 1408;
    private static final int USUAL_SOCKET_BYTES = 212_992;
    private static final int WANTED_SOCKET_BYTES = 2 << 20;

    /** Looks at the interface that has {@code endpoint}'s address, and at the kernel's limits. */
    static UdpPath of(String endpoint) {
        int socketBytes = Math.min(limit("rmem_max"), limit("wmem_max"));
        return new UdpPath(Math.min(frameBytes(endpoint), socketBytes / 2 & -32), socketBytes);
    }

    private static int frameBytes(String endpoint) {
        try {
            String address = endpoint.substring(0, endpoint.lastIndexOf(':'));
            NetworkInterface card = NetworkInterface.getByInetAddress(InetAddress.getByName(address));
            int carried = card == null ? SAFE_FRAME_BYTES : card.getMTU() - IP_AND_UDP_HEADER_BYTES;
            return Math.clamp(carried, SAFE_FRAME_BYTES, LARGEST_FRAME_BYTES) & -32;
        } catch (IOException e) {
            return SAFE_FRAME_BYTES;
        }
    }

    private static int limit(String name) {
        try (BufferedReader file = Files.newBufferedReader(Path.of("/proc/sys/net/core", name))) {
            long bytes = Long.parseLong(String.valueOf(file.readLine())); // in one read: a second one finds the end
            return Math.clamp(bytes, 64 << 10, WANTED_SOCKET_BYTES);
        } catch (IOException | NumberFormatException e) {
            return USUAL_SOCKET_BYTES;
        }
    }

    /** The most that may be under way to a receiver. */
    int windowBytes(int termBytes) {
        return Math.min(Math.min(socketBytes, termBytes / 2), 1 << 20);
    }
}
