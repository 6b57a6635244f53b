package io.dunlin.collectives.transport;

/**
 * How datagrams of this host are sized.
 *
 * @param frameBytes largest datagram that the interface carries in one piece
 * @param socketBytes size of socket buffers that the kernel grants
 */
record UdpPath(int frameBytes, int socketBytes) {
    private static final int IP_AND_UDP_HEADER_BYTES = 28;
    private static final int LARGEST_FRAME_BYTES = 65_504;
    private static final int SAFE_FRAME_BYTES = 1408;
    private static final int LEAST_SOCKET_BYTES = 64 << 10;

    /** Looks at the interface that has {@code endpoint}'s address, and at the kernel's limits. */
    static UdpPath of(String endpoint) {
        HostNetwork network = HostNetwork.look(endpoint.substring(0, endpoint.lastIndexOf(':')));
        int socketBytes = Math.clamp(
                Math.min(network.receiveBytes(), network.sendBytes()),
                LEAST_SOCKET_BYTES,
                HostNetwork.WANTED_SOCKET_BYTES);
        return new UdpPath(Math.min(frameBytes(network.mtuBytes()), socketBytes / 2 & -32), socketBytes);
    }

    /** The largest datagram for an interface; a safe one if the interface is unknown. */
    static int frameBytes(int mtuBytes) {
        return Math.clamp(mtuBytes - IP_AND_UDP_HEADER_BYTES, SAFE_FRAME_BYTES, LARGEST_FRAME_BYTES) & -32;
    }

    /** The most that may be under way to a receiver. */
    int windowBytes(int termBytes) {
        return Math.min(Math.min(socketBytes, termBytes / 2), 1 << 20);
    }
}
