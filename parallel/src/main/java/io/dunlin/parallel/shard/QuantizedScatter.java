package io.dunlin.parallel.shard;

import io.dunlin.collectives.Work;
import io.dunlin.collectives.quant.QuantizedReduceScatter;
import io.dunlin.collectives.quant.ReducedSlices;
import io.dunlin.collectives.quant.TensorSpec;
import io.dunlin.collectives.quant.TwoLevelGroup;
import io.dunlin.device.Device;
import io.dunlin.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Gradients that cross quantised (qgZ of ZeRO++, Wang et al., 2023, section 3.3): inside the host, then between hosts, each
 * hop quantised anew and added up in F32, members in the order of their group, then hosts in theirs. That order is the
 * same for every scheme of sharding, so that schemes whose messages are exact give the same bits for one turn.
 *
 * <p>Gradients are sums that each rank has scaled by the targets of the whole batch: nothing is divided.
 */
final class QuantizedScatter implements PartScatter {
    /** More than a step has turns. */
    private static final int TURNS = 1 << 20;

    private final QuantizedTransfers transfers;
    private final Transfer transfer;
    private final TwoLevelGroup group;
    private final Device device;
    private final List<UnitExchange> units = new ArrayList<>();

    /**
     * Where errors that this rank carries belong.
     *
     * @param inside of the first hop
     * @param between of the second
     */
    record Carried(CarriedPlace inside, CarriedPlace between) {}

    private record UnitExchange(Ladder ladder, Padding padding, Renewed<QuantizedReduceScatter> scatter) {}

    QuantizedScatter(QuantizedTransfers transfers, Transfer transfer, TwoLevelGroup group, Device device) {
        this.transfers = transfers;
        this.transfer = transfer;
        this.group = group;
        this.device = device;
    }

    /**
     * Adds the next unit.
     *
     * @param number of the unit
     * @param slices of all ranks
     * @param carried where errors belong, if they are carried
     * @param padding in the unit
     * @param messages shared with units that do not cross at the same time
     */
    void add(int number, ReducedSlices slices, Carried carried, Padding padding, TurnsMemory messages) {
        Ladder ladder = transfers.add(transfer, number);
        if (transfers.quantization().feedback().on()) {
            carry(ladder, slices, carried);
        }
        TensorSpec tensor = new TensorSpec(units.size(), DType.F32, slices.elements());
        units.add(new UnitExchange(
                ladder,
                padding,
                new Renewed<>(
                        ladder,
                        () -> new QuantizedReduceScatter(group, tensor, slices, codecs(ladder), messages.next()))));
    }

    private static QuantizedReduceScatter.Codecs codecs(Ladder ladder) {
        return new QuantizedReduceScatter.Codecs(ladder.codec(0, DType.F32), ladder.codec(1, DType.F32));
    }

    private void carry(Ladder ladder, ReducedSlices slices, Carried carried) {
        if (group.ranksPerHost() > 1) {
            ladder.carry(0, memory(slices.elements()), carried.inside());
        }
        if (group.hosts() > 1) {
            ladder.carry(1, memory(slices.hostSumElements(group)), carried.between());
        }
    }

    /** On the host; where that is the device, it counts as the device's. */
    private MemorySegment memory(long elements) {
        long lengthBytes = elements * Float.BYTES;
        return device.hostReadable()
                ? device.allocate("error feedback", lengthBytes)
                : device.allocateHost("error feedback", lengthBytes);
    }

    @Override
    public void begin() {
        for (int i = 0; i < units.size(); i++) {
            units.get(i).ladder.discard();
        }
    }

    @Override
    public Work start(int unit, int turn, MemorySegment whole, MemorySegment part) {
        UnitExchange exchange = units.get(unit);
        exchange.padding.clear(whole, Float.BYTES);
        return exchange.scatter.get().start(whole, part, transfers.steps() * TURNS + turn);
    }
}
