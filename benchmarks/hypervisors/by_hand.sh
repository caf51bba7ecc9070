#!/bin/sh
# Nine guests as a person who knows virsh and qemu-img makes them: by_hand.sh IMAGE DIRECTORY
# The same as what portinfra makes of the same topology: walls, encrypted disks, fixed addresses. No owners, no
# claim, no look at what is there already, and no way to run it twice.
set -eu
image=$1
disks=$2
mkdir -p "$disks"
cd "$disks"

virsh -q net-define /dev/stdin > /dev/null <<XML
<network><name>by-hand</name><bridge name='byhand0' stp='off' delay='0'/><dns enable='no'/>
<ip address='10.40.255.254' prefix='16'/></network>
XML
virsh -q net-start by-hand > /dev/null

for role in web app db; do
    virsh -q nwfilter-define /dev/stdin > /dev/null <<XML
<filter name='by-hand-$role' chain='root'>
<rule action='drop' direction='out' priority='-900'><mac match='no' srcmacaddr='\$MAC'/></rule>
<rule action='drop' direction='out' priority='-700'><ip match='no' srcipaddr='\$IP'/></rule>
<rule action='drop' direction='out' priority='-700'><arp match='no' arpsrcmacaddr='\$MAC'/></rule>
<rule action='drop' direction='out' priority='-700'><arp match='no' arpsrcipaddr='\$IP'/></rule>
<rule action='accept' direction='inout' priority='-600'><arp/></rule>
<rule action='accept' direction='in' priority='-600'><ip protocol='tcp' dstportstart='8080' dstportend='8080'/></rule>
<rule action='accept' direction='out' priority='-600'><ip protocol='tcp' srcportstart='8080' srcportend='8080'/></rule>
<rule action='drop' direction='inout' priority='-500'><mac/></rule>
<rule action='accept' direction='in' priority='500'><tcp dstportstart='8080' dstportend='8080'/></rule>
<rule action='drop' direction='inout' priority='1000'><all/></rule>
</filter>
XML
done

block=0
for role in web app db; do
    for number in 1 2 3; do
        name=$role$number
        address=10.40.$((block + number - 1)).4
        mac=$(printf '52:54:00:28:%02x:%02x' "$block" "$number")
        passphrase=$(head -c 36 /dev/urandom | base64)
        printf %s "$passphrase" > "$name.key"
        qemu-img create -q -f qcow2 -b "$image" -F qcow2 --object "secret,id=s0,file=$disks/$name.key" \
            -o encrypt.format=luks,encrypt.key-secret=s0,compat=1.1 "$name.qcow2" 1G
        uuid=$(cat /proc/sys/kernel/random/uuid)
        virsh -q secret-define /dev/stdin > /dev/null <<XML
<secret ephemeral='no' private='no'><uuid>$uuid</uuid>
<usage type='volume'><volume>$disks/$name.qcow2</volume></usage></secret>
XML
        virsh -q secret-set-value "$uuid" --file "$name.key" --plain > /dev/null
        mkdir -p "$name.seed"
        printf '{"instance-id": "%s", "local-hostname": "%s"}\n' "$name" "$name" > "$name.seed/meta-data"
        printf '{"version": 2, "ethernets": {"nic0": {"match": {"macaddress": "%s"}, "addresses": ["%s/16"]}}}\n' \
            "$mac" "$address" > "$name.seed/network-config"
        cp /run/libvirt/user-data "$name.seed/user-data"
        xorriso -as mkisofs -quiet -V cidata -J -r -o "$name.iso" "$name.seed" 2> /dev/null
        virsh -q define /dev/stdin > /dev/null <<XML
<domain type='qemu'><name>by-hand-$name</name><memory unit='MiB'>128</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/><apic/></features><cpu mode='maximum'/>
<devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2' discard='unmap'/><source file='$disks/$name.qcow2'>
<encryption format='luks'><secret type='passphrase' uuid='$uuid'/></encryption></source>
<target dev='vda' bus='virtio'/><boot order='1'/></disk>
<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='$disks/$name.iso'/>
<target dev='vdb' bus='virtio'/><readonly/></disk>
<controller type='scsi' model='virtio-scsi'/>
<interface type='network'><mac address='$mac'/><source network='by-hand'/><model type='virtio'/>
<filterref filter='by-hand-$role'><parameter name='IP' value='$address'/></filterref></interface>
<serial type='pty'/><console type='pty'/>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
</devices></domain>
XML
        virsh -q start "by-hand-$name" > /dev/null
    done
    block=$((block + 4))
done
