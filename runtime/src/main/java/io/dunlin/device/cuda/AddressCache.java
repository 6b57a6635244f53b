package io.dunlin.device.cuda;

import java.util.Arrays;

/**
 * JCuda's pointers to the addresses that one stream uses: a step uses the same ones as the step before, and JCuda wants
 * an object for each. The thread that submits to the stream uses it.
 */
final class AddressCache {
    private static final int SLOTS = 1 << 12;
    /** Then all are forgotten: a program that always uses new addresses must not hold them all. */
    private static final int MOST = SLOTS / 2;
    /** 2^64 divided by the golden ratio: spreads addresses that differ in few bits. */
    private static final long SPREAD = 0x9E37_79B9_7F4A_7C15L;

    private static final int SHIFT = Long.SIZE - Integer.numberOfTrailingZeros(SLOTS);

    /** Pairs by open addressing; a slot with address 0 is free, and so 0 itself is never in one. */
    private final long[] addresses = new long[SLOTS];

    private final Address[] plain = new Address[SLOTS];
    private final DeviceAddress[] ofDevice = new DeviceAddress[SLOTS];
    private final Address plainNull = new Address(0);
    private final DeviceAddress ofDeviceNull = new DeviceAddress(0);
    private int count;

    /** As a pointer that JCuda takes for memory of the host, and JCublas for any. */
    Address plain(long address) {
        return address == 0 ? plainNull : plain[slot(address)];
    }

    /** As a pointer to memory of the GPU. */
    DeviceAddress ofDevice(long address) {
        return address == 0 ? ofDeviceNull : ofDevice[slot(address)];
    }

    private int slot(long address) {
        int slot = (int) (address * SPREAD >>> SHIFT);
        while (addresses[slot] != address) {
            if (addresses[slot] == 0) {
                return add(address, slot);
            }
            slot = (slot + 1) & (SLOTS - 1);
        }
        return slot;
    }

    private int add(long address, int free) {
        if (count == MOST) {
            forget();
            return slot(address);
        }
        count++;
        addresses[free] = address;
        plain[free] = new Address(address);
        ofDevice[free] = new DeviceAddress(address);
        return free;
    }

    @SuppressWarnings("NullAway") // as new arrays are: no slot is read before it is filled
    private void forget() {
        Arrays.fill(addresses, 0);
        Arrays.fill(plain, null);
        Arrays.fill(ofDevice, null);
        count = 0;
    }
}
