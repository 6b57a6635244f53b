package io.dunlin.collectives.transport;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What the network of a host allows for datagrams, as its kernel says.
 *
 * @param address of the host
 * @param card interface with that address; empty if there is none
 * @param mtuBytes most that the interface carries in one piece, headers included; 0 without one
 * @param receiveBytes largest receive buffer of a socket ({@code net.core.rmem_max})
 * @param sendBytes largest send buffer of a socket ({@code net.core.wmem_max})
 */
public record HostNetwork(String address, String card, int mtuBytes, long receiveBytes, long sendBytes) {
    /** A window of 1 MiB under way in each direction, and as much again for what the kernel counts as overhead. */
    static final int WANTED_SOCKET_BYTES = 2 << 20;

    /** Every network carries that much; less is a sign of a tunnel. */
    static final int USUAL_MTU_BYTES = 1500;

    private static final int USUAL_SOCKET_BYTES = 212_992;

    /** Something that makes streams between hosts slower than they could be, and the sentence that mends it. */
    public record Remark(String text, String remedy) {}

    /** Looks at this host, which has {@code address}. */
    public static HostNetwork look(String address) {
        long receiveBytes = limit("rmem_max");
        long sendBytes = limit("wmem_max");
        try {
            NetworkInterface card = NetworkInterface.getByInetAddress(InetAddress.getByName(address));
            return card == null
                    ? new HostNetwork(address, "", 0, receiveBytes, sendBytes)
                    : new HostNetwork(address, card.getName(), card.getMTU(), receiveBytes, sendBytes);
        } catch (IOException e) {
            return new HostNetwork(address, "", 0, receiveBytes, sendBytes);
        }
    }

    private static long limit(String name) {
        try (BufferedReader file = Files.newBufferedReader(Path.of("/proc/sys/net/core", name))) {
            return Long.parseLong(String.valueOf(file.readLine())); // in one read: a second one finds the end
        } catch (IOException | NumberFormatException e) {
            return USUAL_SOCKET_BYTES;
        }
    }

    /** What is not as it should be on this host. */
    public List<Remark> remarks() {
        List<Remark> remarks = new ArrayList<>();
        if (Math.min(receiveBytes, sendBytes) < WANTED_SOCKET_BYTES) {
            remarks.add(new Remark(
                    "%s: a socket holds at most %,d KiB in and %,d KiB out, fast links want %,d KiB"
                            .formatted(address, receiveBytes >> 10, sendBytes >> 10, WANTED_SOCKET_BYTES >> 10),
                    "sysctl -w net.core.rmem_max=%1$d net.core.wmem_max=%1$d".formatted(WANTED_SOCKET_BYTES)));
        }
        if (mtuBytes > 0 && mtuBytes < USUAL_MTU_BYTES) {
            remarks.add(new Remark(
                    "%s: %s carries only %d bytes in one piece, every datagram costs as much as a larger one"
                            .formatted(address, card, mtuBytes),
                    "ip link set dev %s mtu %d, if the network behind it carries that"
                            .formatted(card, USUAL_MTU_BYTES)));
        }
        return remarks;
    }

    /** What does not fit between hosts of one run. */
    public static List<Remark> between(List<HostNetwork> hosts) {
        List<HostNetwork> known =
                hosts.stream().filter(host -> host.mtuBytes > 0).toList();
        HostNetwork smallest = known.stream()
                .min((one, other) -> Integer.compare(one.mtuBytes, other.mtuBytes))
                .orElse(new HostNetwork("", "", 0, 0, 0));
        return known.stream()
                .filter(host -> host.mtuBytes > smallest.mtuBytes)
                .findFirst()
                .map(host -> new Remark(
                        "%s (%s) sends %d bytes in one piece, but %s (%s) takes only %d: datagrams are made that small"
                                .formatted(
                                        host.address,
                                        host.card,
                                        host.mtuBytes,
                                        smallest.address,
                                        smallest.card,
                                        smallest.mtuBytes),
                        "give all interfaces of the run the same mtu: ip link set dev %s mtu %d"
                                .formatted(smallest.card, host.mtuBytes)))
                .stream()
                .toList();
    }

    /** The largest datagram that reaches every host in one piece, a multiple of 32. */
    public static int datagramBytes(List<HostNetwork> hosts) {
        int mtuBytes = hosts.stream().mapToInt(HostNetwork::mtuBytes).min().orElse(0);
        return UdpPath.frameBytes(mtuBytes);
    }
}
